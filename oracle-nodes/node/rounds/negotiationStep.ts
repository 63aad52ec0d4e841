import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import { packScores } from "@concordat/protocol/rules/packedScores";
import type { Digest } from "@concordat/protocol/ids";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import { scoreOf } from "@concordat/learning/engines/engine";
import { scoreCandidates } from "@concordat/learning/training/personalise";
import { blockOf } from "../blockOf.ts";
import { ensureSubmitted } from "./ensureSubmitted.ts";
import { globalModel, localModel } from "./models.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";
import { signedUpdate } from "./trainingStep.ts";

/**
 * The node's part of Negotiation: scores w_r = alpha_r w_k + (1 - alpha_r) w_G for r = 1..R on its own validation split,
 * signs the table once, and posts it (paper 1, section 3.3). A node without an update of this round has no w_k and stays
 * silent.
 */
export async function negotiationStep(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  const { chain, board, nodeId } = services;
  const { taskId, memberId, logger } = task;
  const slot = { round: view.round, retry: view.retry, base: view.base };
  const place = { ...slot, aggregate: view.aggregate };
  let signed = await task.signed.find("AccuracyReport", place);
  if (signed === undefined) {
    const scores = await score(services, task, view, signal);
    if (scores === undefined)
      return board.update(taskId, { doing: "has no update of this round to negotiate with" });
    signal.throwIfAborted();
    board.update(taskId, { lastScores: scores });
    const value = { taskId, node: nodeId, ...slot, aggregate: view.aggregate, scores: packScores(scores) };
    signed = await task.signed.signOnce("AccuracyReport", place, value);
  }
  const { aggregate, scores } = signed.value;
  const { signature } = signed;
  board.update(taskId, { doing: "posting its scores" });
  await ensureSubmitted(
    chain,
    logger,
    "the scores were",
    () => chain.hasReported(taskId, memberId),
    () => chain.submitReport({ taskId, ...slot }, aggregate as Digest, { nodeId, scores, signature }, signal),
    signal,
  );
  board.update(taskId, { doing: "waiting for the others' scores" });
}

async function score(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<number[] | undefined> {
  const own = await signedUpdate(task, view);
  const local = own && (await localModel(services, task, own, signal));
  if (local === undefined) return undefined;
  services.board.update(task.taskId, { doing: "scoring candidates" });
  const { nodeIds } = await services.chain.committeeOf(task.taskId, blockOf(services.chain, view));
  const global = await globalModel(services, task, view.aggregate, view.round, nodeIds, signal);
  task.logger.debug({ round: view.round }, "global model fetched");
  const scores = await scoreCandidates(
    task.learning.model,
    alphaCandidates(task.terms),
    local,
    global,
    task.data.validation,
    signal,
    scoreOf(task.manifest.evaluation, task.terms.maxScore),
  );
  task.logger.debug({ round: view.round, scores }, "scored");
  return scores;
}
