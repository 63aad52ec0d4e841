import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import type { Use } from "./mechanism.ts";

/** What a training does with a node's records. */
export interface TrainingPlan {
  /** n: the node's training records. */
  readonly records: number;
  /** Values in one record. */
  readonly features: number;
  readonly batchSize: number;
  readonly localEpochs: number;
}

/** The uses of a node's records in one round's training, as the accountant counts them. */
export function usesOfTraining(terms: PrivacyTerms, plan: TrainingPlan): readonly Use[] {
  const samplingRate = Math.min(1, plan.batchSize / plan.records);
  const times = Math.ceil(plan.records / plan.batchSize) * plan.localEpochs;
  switch (terms.kind) {
    case "none":
      return [];
    case "dp-sgd":
      return [
        { mechanism: { kind: "gaussian", noiseMultiplier: terms.noiseMultiplier, samplingRate }, times },
      ];
    case "laplace-gradient":
      // A shift of v_i in a coordinate of Laplace noise of scale b is |v_i|/b-private, and so has a divergence of at most
      // order (v_i/b)^2 / 2 (Bun and Steinke 2016, Proposition 3.3); over all coordinates order (C/b)^2 / 2, and C/b is
      // the nominal epsilon.
      return [{ mechanism: { kind: "concentrated", rho: terms.epsilon ** 2 / 2, samplingRate }, times }];
    case "gaussian-update":
      // One record may turn the clipped update into any other: its sensitivity is twice the norm.
      return [
        {
          mechanism: { kind: "gaussian", noiseMultiplier: terms.noiseMultiplier / 2, samplingRate: 1 },
          times: 1,
        },
      ];
    case "laplace-features":
      return [];
  }
}

/** The uses of a node's records in a whole task, however many rounds it has: their noisy features are made once. */
export function usesOfTask(
  terms: PrivacyTerms,
  { features }: Pick<TrainingPlan, "features">,
): readonly Use[] {
  if (terms.kind !== "laplace-features") return [];
  // Every feature is epsilon-private: together epsilon * features, or a divergence of order features epsilon^2 / 2.
  const total = features * terms.epsilon;
  return [
    {
      mechanism: { kind: "concentrated", rho: (total * terms.epsilon) / 2, samplingRate: 1, epsilon: total },
      times: 1,
    },
  ];
}

/** What the paper prints as epsilon and does not guarantee for a record. */
export interface NominalBudget {
  readonly epsilon: number;
  /** What it does hold for, if anything. */
  readonly of: string;
}

/** The epsilon that the terms name but that does not hold for a record, where they name one. */
export function nominalBudget(terms: PrivacyTerms): NominalBudget | undefined {
  switch (terms.kind) {
    case "none":
    case "dp-sgd":
    case "gaussian-update":
      return undefined;
    case "laplace-gradient":
      return { epsilon: terms.epsilon, of: "one coordinate of one step's gradient (paper 3)" };
    case "laplace-features":
      return { epsilon: terms.epsilon, of: "one value of a record (paper 2)" };
  }
}

/** Who are neighbours in the guarantee: data sets that it makes hard to tell apart. */
export function neighbours(terms: PrivacyTerms): string {
  switch (terms.kind) {
    case "none":
      return "none";
    case "dp-sgd":
    case "laplace-gradient":
      return "data sets of which one has a record more";
    case "gaussian-update":
      return "any two data sets of a node";
    case "laplace-features":
      return "data sets that differ in one record's features; labels are not covered";
  }
}
