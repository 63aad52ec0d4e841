import type { SpentBudget } from "../../../protocol/artifactMetadata.ts";
import { recordSize } from "../../../protocol/datasetTerms.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import { epsilonOf } from "./accountant.ts";
import { toMicro, type Budget } from "./budget.ts";
import { mergedUses } from "./mergedUses.ts";
import { usesOfTask, usesOfTraining } from "./privacyUses.ts";

/** What of a manifest decides how much privacy a training spends. */
export type PrivateTask = Pick<TaskManifest, "privacy" | "training" | "dataset">;

/**
 * What a node spends in a task by training once on each of these numbers of records; undefined where the task asks for no
 * privacy.
 */
export function spentInTask(
  { privacy, training, dataset }: PrivateTask,
  records: readonly number[],
): Budget | undefined {
  if (privacy.kind === "none") return undefined;
  const plans = records.map((count) => ({ ...training, records: count, features: recordSize(dataset) }));
  const once = plans.slice(0, 1).flatMap((plan) => usesOfTask(privacy, plan));
  const uses = mergedUses([...once, ...plans.flatMap((plan) => usesOfTraining(privacy, plan))]);
  return { epsilon: epsilonOf(uses, privacy.delta), delta: privacy.delta };
}

/**
 * The least that a node may say to have spent after these trainings, as {@link spentInTask}: a millionth less than the
 * accountant gives, for the last bits of an exponential differ between engines of JavaScript.
 */
export function leastSpent(task: PrivateTask, records: readonly number[]): SpentBudget | undefined {
  const budget = spentInTask(task, records);
  if (budget === undefined) return undefined;
  const { epsilonMicro, deltaMicro } = toMicro(budget);
  return { epsilonMicro: Math.max(0, epsilonMicro - 1), deltaMicro };
}
