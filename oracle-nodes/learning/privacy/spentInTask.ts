import type { SpentBudget } from "@concordat/protocol/artifacts/artifactMetadata";
import { recordSize } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { epsilonOf } from "./accountant.ts";
import { toMicro, type Budget } from "./budget.ts";
import type { Use } from "./mechanism.ts";
import { mergedUses } from "./mergedUses.ts";
import { usesOfTask, usesOfTraining } from "./privacyUses.ts";

/** What of a manifest decides how much privacy a training spends. */
export type PrivateTask = Pick<TaskManifest, "privacy" | "training" | "dataset">;

/** Different mechanisms that the least is composed of: each takes time and memory, and what records updates state is anyone's. */
const MOST_MECHANISMS = 4;

/**
 * What a node spends in a task by training once on each of these numbers of records; undefined where the task asks for no
 * privacy.
 */
export function spentInTask(task: PrivateTask, records: readonly number[]): Budget | undefined {
  const { privacy } = task;
  if (privacy.kind === "none") return undefined;
  return { epsilon: epsilonOf(usesInTask(task, records), privacy.delta), delta: privacy.delta };
}

/**
 * The least that a node may say to have spent after these trainings, as {@link spentInTask}: a millionth less than the
 * accountant gives, for the last bits of an exponential differ between engines of JavaScript; and less than that where
 * there are many different numbers of records, see {@link fewerUses}.
 */
export function leastSpent(task: PrivateTask, records: readonly number[]): SpentBudget | undefined {
  const { privacy } = task;
  if (privacy.kind === "none") return undefined;
  const epsilon = epsilonOf(fewerUses(usesInTask(task, records)), privacy.delta);
  const { epsilonMicro, deltaMicro } = toMicro({ epsilon, delta: privacy.delta });
  return { epsilonMicro: Math.max(0, epsilonMicro - 1), deltaMicro };
}

function usesInTask({ privacy, training, dataset }: PrivateTask, records: readonly number[]): Use[] {
  const plans = records.map((count) => ({ ...training, records: count, features: recordSize(dataset) }));
  const once = plans.slice(0, 1).flatMap((plan) => usesOfTask(privacy, plan));
  return mergedUses([...once, ...plans.flatMap((plan) => usesOfTraining(privacy, plan))]);
}

/**
 * Uses of at most {@link MOST_MECHANISMS} mechanisms that spend no more than these, which differ in their sampling rates
 * only: neighbours in rate all count at the least rate among them. A lower rate only samples the sample once more, which
 * makes nothing easier to tell apart.
 */
function fewerUses(uses: readonly Use[]): readonly Use[] {
  if (uses.length <= MOST_MECHANISMS) return uses;
  const byRate = uses.toSorted((a, b) => samplingRate(a) - samplingRate(b));
  const size = Math.ceil(uses.length / MOST_MECHANISMS);
  return mergedUses(
    byRate.map((use, i) => ({ mechanism: (byRate[i - (i % size)] ?? use).mechanism, times: use.times })),
  );
}

function samplingRate({ mechanism }: Use): number {
  return "samplingRate" in mechanism ? mechanism.samplingRate : 1;
}
