import { normalisesItself } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { checkPrivacy } from "@concordat/protocol/manifest/privacyTerms";
import { noiseMultiplierFor } from "./calibrate.ts";
import { neighbours, nominalBudget, type NominalBudget } from "./privacyUses.ts";
import { spentInTask, type PrivateTask } from "./spentInTask.ts";

/** Checks the terms of a manifest at publication, n being the most records that an update may claim. */
export function checkPublishedPrivacy(
  { privacy, training, dataset, model }: TaskManifest,
  maxSamples: number,
): void {
  checkPrivacy(privacy, {
    records: maxSamples,
    batchSize: training.batchSize,
    isFitted: normalisesItself(dataset),
    topology: model.topology,
  });
}

/** What privacy terms promise a node that takes part in every round of a task. */
export interface Guarantee {
  readonly epsilon: number;
  readonly delta: number;
  readonly rounds: number;
  /** n of the node; a smaller one spends more. */
  readonly records: number;
  /** Data sets that are hard to tell apart. */
  readonly neighbours: string;
  readonly nominal: NominalBudget | undefined;
  readonly notCovered: string;
}

/** The guarantee that holds for a node of these records, beside what is nominal; undefined where the task asks for none. */
export function guaranteeOf(task: PrivateTask, rounds: number, records: number): Guarantee | undefined {
  const { privacy, dataset } = task;
  const budget = spentInTask(
    task,
    Array.from({ length: rounds }, () => records),
  );
  if (budget === undefined) return undefined;
  return {
    ...budget,
    rounds,
    records,
    neighbours: neighbours(privacy),
    nominal: nominalBudget(privacy),
    notCovered:
      "scores on validation records, a node's number of records, records that several nodes hold" +
      (normalisesItself(dataset) ? ", the normalisation that each node fits on its records" : ""),
  };
}

/** What a task's privacy terms come to for a node, in lines of words. */
export function privacyLines(task: PrivateTask, rounds: number, records: number): [string, string][] {
  const guarantee = guaranteeOf(task, rounds, records);
  if (guarantee === undefined) return [["privacy", "none"]];
  const { epsilon, delta, nominal, notCovered } = guarantee;
  return [
    ["privacy", task.privacy.kind],
    ...(nominal === undefined
      ? []
      : [["nominal", `epsilon ${nominal.epsilon} for ${nominal.of}`] as [string, string]]),
    [
      "guarantee",
      `epsilon ${epsilon.toPrecision(3)} at delta ${delta} after ${rounds} rounds, for a node of ${records} records; between ${guarantee.neighbours}`,
    ],
    ["not covered", notCovered],
  ];
}

/** What the noise that a budget needs depends on besides the node's records. */
export interface NoisePlan {
  readonly rounds: number;
  readonly training: Pick<TaskManifest["training"], "batchSize" | "localEpochs">;
}

/**
 * The least noise multiplier with which a whole task keeps a node within a budget.
 * @param records n of the smallest node; a noisy update does not depend on it.
 * @throws {InputError} when no noise does.
 */
export function calibratedNoise(
  kind: "dp-sgd" | "gaussian-update",
  { epsilon, delta }: { readonly epsilon: number; readonly delta: number },
  { rounds, training: { batchSize, localEpochs } }: NoisePlan,
  records: number,
): number {
  // An update's sensitivity is twice its norm.
  if (kind === "gaussian-update") return 2 * noiseMultiplierFor(epsilon, delta, 1, rounds);
  const steps = rounds * localEpochs * Math.ceil(records / batchSize);
  return noiseMultiplierFor(epsilon, delta, Math.min(1, batchSize / records), steps);
}
