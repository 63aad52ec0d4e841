import { normalisesItself } from "../../../protocol/datasetTerms.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import { checkPrivacy } from "../../../protocol/privacyTerms.ts";
import { noiseMultiplierFor } from "./calibrate.ts";
import { neighbours, nominalBudget } from "./privacyUses.ts";
import { spentInTask } from "./spentInTask.ts";

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

/**
 * What a task's privacy terms come to for a node, in lines of words: what is nominal beside the guarantee that holds.
 * @param records n of the node; a smaller one spends more.
 */
export function privacyLines(manifest: TaskManifest, rounds: number, records: number): [string, string][] {
  const { privacy, dataset } = manifest;
  const budget = spentInTask(
    manifest,
    Array.from({ length: rounds }, () => records),
  );
  if (budget === undefined) return [["privacy", "none"]];
  const nominal = nominalBudget(privacy);
  const guarantee = `epsilon ${budget.epsilon.toPrecision(3)} at delta ${budget.delta} after ${rounds} rounds, for a node of ${records} records`;
  return [
    ["privacy", privacy.kind],
    ...(nominal === undefined
      ? []
      : [["nominal", `epsilon ${nominal.epsilon} for ${nominal.of}`] as [string, string]]),
    ["guarantee", `${guarantee}; between ${neighbours(privacy)}`],
    [
      "not covered",
      "scores on validation records, a node's number of records, records that several nodes hold" +
        (normalisesItself(dataset) ? ", the normalisation that each node fits on its records" : ""),
    ],
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
