import { TrainingBase } from "@concordat/protocol/contracts/enums";
import type { Digest } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import { updateEncoder } from "./encodeOwnUpdate.ts";
import { ensureSubmitted } from "./ensureSubmitted.ts";
import { globalModel } from "./models.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import { readPersonalised } from "./personalisedModel.ts";
import { BudgetSpentError } from "../privacyLedger.ts";
import type { Services } from "../services.ts";
import type { Signed } from "./signedResults.ts";
import { trainPrivately } from "./trainPrivately.ts";

/**
 * The node's part of Training: trains from its base, keeps the update from everyone until the phase has closed, signs it
 * once, and posts it. A signature made before a restart is sent again as it is; a retry of the round, which has the same
 * base, posts the same update.
 */
export async function trainingStep(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  const { chain, board, nodeId } = services;
  const { taskId, memberId, logger } = task;
  const slot = { round: view.round, retry: view.retry, base: view.base };
  let signed = await task.signed.find("LocalUpdate", slot);
  if (signed === undefined) {
    const update =
      (await signedBefore(task, view)) ?? (await trainWithinBudget(services, task, view, signal));
    if (update === undefined) return;
    signal.throwIfAborted();
    const value = { taskId, node: nodeId, ...slot, digest: update.digest, samples: update.samples };
    signed = await task.signed.signOnce("LocalUpdate", slot, value);
  }
  const { digest, samples } = signed.value;
  const { signature } = signed;
  board.update(taskId, { doing: "posting its update" });
  await ensureSubmitted(
    chain,
    logger,
    "the update was",
    () => chain.hasPosted(taskId, memberId),
    () => chain.submitUpdate({ taskId, ...slot }, { nodeId, samples, digest, signature }, signal),
    signal,
  );
  board.update(taskId, { doing: "waiting for the others' updates" });
}

/** What this node signed in this round, in this or the latest earlier retry with the same base. */
export async function signedUpdate(
  task: ServedTask,
  { round, retry, base }: Pick<RoundView, "round" | "retry" | "base">,
): Promise<Signed<"LocalUpdate"> | undefined> {
  for (let earlier = retry; earlier >= 0; earlier--) {
    const signed = await task.signed.find("LocalUpdate", { round, retry: earlier, base });
    if (signed !== undefined) return signed;
  }
  return undefined;
}

interface TrainedUpdate {
  readonly digest: Digest;
  readonly samples: number;
}

async function signedBefore(task: ServedTask, view: RoundView): Promise<TrainedUpdate | undefined> {
  const signed = await signedUpdate(task, view);
  return signed && { digest: signed.value.digest as Digest, samples: Number(signed.value.samples) };
}

/** Sits the round out where training would pass the node's privacy budget, and says so. */
async function trainWithinBudget(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<TrainedUpdate | undefined> {
  try {
    return await train(services, task, view, signal);
  } catch (error) {
    if (!(error instanceof BudgetSpentError)) throw error;
    task.logger.warn({ round: view.round, problem: error.oneLine }, "does not train");
    services.board.update(task.taskId, {
      doing: "sitting out: its privacy budget does not allow training",
      problem: error.oneLine,
    });
    return undefined;
  }
}

async function train(
  services: Services,
  task: ServedTask,
  { round, base }: RoundView,
  signal: AbortSignal,
): Promise<TrainedUpdate> {
  const { board, store, nodeId } = services;
  const { taskId, memberId, manifest, data, logger } = task;
  board.update(taskId, { doing: "fetching the model to train from" });
  const weights = await trainingBase(services, task, round, base, signal);
  const encode = await updateEncoder(services, task, { round, base }, signal);
  await data.refresh();
  board.update(taskId, { doing: "training" });
  const { result, spent } = await task.trained.once(`${round}/${base}`, async () =>
    trainPrivately(services, task, {
      weights,
      samples: data.train,
      hyper: manifest.training,
      round,
      member: memberId,
      signal,
      onProgress: ({ epoch, epochs, step, steps }) =>
        board.update(taskId, { training: { epoch, epochs, step, steps } }),
    }),
  );
  logger.info({ round, loss: result.loss, samples: result.samples }, "trained");
  board.update(taskId, { doing: "storing its update", lastLoss: result.loss });
  const metadata = {
    role: "update",
    task: taskId,
    round,
    node: nodeId,
    base,
    ...(spent && { spent }),
  } as const;
  const bytes = await encode(metadata, result.weights);
  board.update(taskId, { updateBytes: bytes.length });
  const digest = await store.put(bytes, { withhold: true });
  task.trained.forget();
  logger.info({ round, bytes: bytes.length }, "update stored");
  return { digest, samples: result.samples };
}

/** w_G^{t-1}, or the node's own latest personalised model where the terms say so and it has one. */
async function trainingBase(
  services: Services,
  task: ServedTask,
  round: number,
  base: Digest,
  signal: AbortSignal,
): Promise<ModelTensors> {
  if (task.terms.trainingBase === TrainingBase.Personalised) {
    const own = await readPersonalised(task.dir, task.manifest.model.tensors, round - 1);
    if (own !== undefined) return own.tensors;
  }
  return globalModel(services, task, base, round - 1, [], signal);
}
