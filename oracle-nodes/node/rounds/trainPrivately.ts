import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { normalisesItself, recordSize } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { checkPrivacy, type PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { writeDurably } from "@concordat/files/durableFile";
import type { TrainOptions } from "@concordat/learning/engines/engine";
import { trainWithNoise } from "@concordat/learning/training/privateTraining";
import type { Samples } from "@concordat/learning/data/samples";
import { toMicro, type Budget } from "@concordat/learning/privacy/budget";
import { Keystream } from "@concordat/learning/nodeOnly/keystream";
import { usesOfTask, usesOfTraining } from "@concordat/learning/privacy/privacyUses";
import type { ServedTask } from "../tasks/servedTask.ts";
import { BudgetSpentError } from "../privacyLedger.ts";
import type { Services } from "../services.ts";
import type { PrivateTraining } from "./lastTraining.ts";

/**
 * Trains as the task's privacy terms ask. The training is charged to the node's ledger before its first step.
 * @throws {BudgetSpentError} when the node's operator does not allow to spend that much.
 * @throws {InputError} when the terms do not protect the records that the node has.
 */
export async function trainPrivately(
  services: Services,
  task: ServedTask,
  options: TrainOptions,
): Promise<PrivateTraining> {
  const { model } = task.learning;
  const { privacy } = task.manifest;
  const limit = services.config.privacyBudget;
  if (privacy.kind === "none") {
    if (limit === undefined) return { result: await model.train(options) };
    throw new BudgetSpentError(
      `Task ${task.taskId} trains without differential privacy, and this node's privacyBudget does not allow that`,
      { hint: "Leave the task, or take privacyBudget out of node.yaml" },
    );
  }
  checkOwnRecords(services, task, options.samples);
  const budget = await charge(services, task, privacy, options.samples);
  services.board.update(task.taskId, { spentBudget: budget });
  task.logger.info({ round: options.round, ...budget }, "privacy budget charged");
  const noise = {
    random: new Keystream(),
    featureKey: () => featureKey(join(task.dir, "feature-noise.key"), task.dir),
  };
  return { result: await trainWithNoise(model, options, privacy, noise), spent: toMicro(budget) };
}

/** Checks the terms against the records that the node really has. @throws {InputError} otherwise. */
export function checkOwnRecords(
  { config }: Pick<Services, "config">,
  { manifest }: Pick<ServedTask, "manifest">,
  { indices }: Samples,
): void {
  const { dataset, privacy, training, model } = manifest;
  checkPrivacy(privacy, {
    records: indices.length,
    batchSize: training.batchSize,
    isFitted: normalisesItself(dataset),
    topology: model.topology,
  });
  if (privacy.kind !== "none" && typeof config.engine !== "string") {
    throw new InputError("A trainer program cannot show that it keeps to privacy terms", {
      hint: "Choose another engine in node.yaml",
    });
  }
}

async function charge(
  { ledger, deployment, config }: Services,
  { taskId, manifest }: ServedTask,
  privacy: Exclude<PrivacyTerms, { kind: "none" }>,
  { indices, inputShape }: Samples,
): Promise<Budget> {
  const name = ledgerName(deployment, taskId);
  const { batchSize, localEpochs } = manifest.training;
  const plan = { records: indices.length, features: recordSize({ inputShape }), batchSize, localEpochs };
  const once = ledger.usesOf(name).length === 0 ? usesOfTask(privacy, plan) : [];
  return ledger.charge(
    name,
    [...once, ...usesOfTraining(privacy, plan)],
    privacy.delta,
    config.privacyBudget,
  );
}

/** What the ledger calls a task: its number alone could be another's on another chain. */
export function ledgerName(deployment: string, taskId: number): string {
  return `${deployment}/task-${taskId}`;
}

/** The secret that a task's noise on features is drawn from, on the disk before it is used. */
async function featureKey(path: string, dir: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const key = randomBytes(32);
  await writeDurably(dir, [{ path, bytes: key }]);
  return key;
}
