import { createHash } from "node:crypto";
import { normalisesItself } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { checkPrivacy, type PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import type { NoiseSource } from "@concordat/learning/training/privateTraining";
import { noiseMultiplierFor } from "@concordat/learning/privacy/calibrate";
import { Keystream } from "@concordat/learning/nodeOnly/keystream";
import type { EpsilonTerms, Experiment, ExperimentPrivacy } from "./experiment.ts";

/** Whether privacy is stated as what a node may spend over all rounds, so that the noise depends on their number. */
export function isByEpsilon(privacy: ExperimentPrivacy): privacy is EpsilonTerms {
  return privacy.kind === "dp-sgd" && "epsilon" in privacy;
}

/**
 * The privacy terms of a node by its number of training records. DP-SGD by epsilon becomes the least noise with which all
 * rounds together spend no more.
 * @throws {InputError} when the terms protect nothing for that number, or do not fit the model.
 */
export function privacyTerms(
  { privacy, rounds }: Pick<Experiment, "privacy" | "rounds">,
  { dataset, model: { topology }, training }: TaskManifest,
): (records: number) => PrivacyTerms {
  const { batchSize, localEpochs } = training;
  const known = new Map<number, PrivacyTerms>();
  return (records) => {
    const before = known.get(records);
    if (before !== undefined) return before;
    const steps = Math.ceil(records / batchSize) * localEpochs * rounds;
    const terms = isByEpsilon(privacy)
      ? calibrated(privacy, Math.min(1, batchSize / records), steps)
      : privacy;
    checkPrivacy(terms, { records, batchSize, isFitted: normalisesItself(dataset), topology });
    known.set(records, terms);
    return terms;
  };
}

function calibrated(
  { clip, epsilon, delta }: EpsilonTerms,
  samplingRate: number,
  steps: number,
): PrivacyTerms {
  const noiseMultiplier = noiseMultiplierFor(epsilon, delta, samplingRate, steps);
  return { kind: "dp-sgd", clip, noiseMultiplier, delta };
}

/**
 * Noise from the seed, so that an experiment repeats: it has the distribution of a node's noise but protects nobody, since
 * whoever knows the seed can take it off again.
 */
export function simulatedNoise(seed: number, round: number, member: number): NoiseSource {
  const key = (...labels: readonly (string | number)[]) =>
    createHash("sha256")
      .update(JSON.stringify(["concordat/simulated noise/1", seed, ...labels]))
      .digest();
  return {
    random: new Keystream(key("training", round, member)),
    featureKey: () => Promise.resolve(key("features", member)),
  };
}
