import type { AggregationRuleName } from "../../../../protocol/aggregationRule.ts";
import { OFFICIAL_DATASETS } from "../../../../protocol/datasetTerms.ts";

/** A publication that is not sent yet, as the wizard's fields hold it. Kept in the browser, so that it can be resumed. */
export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly dataset: (typeof OFFICIAL_DATASETS)[number];
  readonly model: string;
  readonly localEpochs: string;
  readonly batchSize: string;
  readonly learningRate: string;
  readonly momentum: string;
  readonly seed: string;
  readonly rounds: string;
  /** Hours from publication after which no round starts. */
  readonly hours: string;
  readonly trainingMinutes: string;
  readonly aggregationMinutes: string;
  readonly negotiationMinutes: string;
  readonly strategy: "argmax-mean" | "min-variance";
  readonly base: "global" | "personalised";
  readonly steps: string;
  readonly alphaLower: string;
  readonly alphaUpper: string;
  readonly initialAlpha: string;
  /** Percent. */
  readonly targetScore: string;
  readonly minNodes: string;
  readonly maxNodes: string;
  /** Percent. */
  readonly quorum: string;
  /** Percent. */
  readonly gamma: string;
  readonly election: "mixed" | "hash";
  readonly rule: AggregationRuleName;
  readonly byzantineBound: string;
  readonly maxSamples: string;
  readonly privacy: "none" | "dp-sgd" | "gaussian-update";
  readonly clip: string;
  readonly noiseMultiplier: string;
  readonly delta: string;
  readonly rewardToken: string;
  readonly rewardUnit: string;
  readonly reputationInitial: string;
  readonly reputationMax: string;
  readonly stakeToken: string;
  readonly minStake: string;
  readonly arbiter: string;
  readonly slashRecipient: string;
}

const TRY: Draft = {
  name: "",
  description: "",
  dataset: "digits",
  model: "mlp",
  localEpochs: "1",
  batchSize: "10",
  learningRate: "0.01",
  momentum: "0.5",
  seed: "1",
  rounds: "5",
  hours: "24",
  trainingMinutes: "10",
  aggregationMinutes: "5",
  negotiationMinutes: "5",
  strategy: "argmax-mean",
  base: "global",
  steps: "10",
  alphaLower: "0.5",
  alphaUpper: "0.8",
  initialAlpha: "0.5",
  targetScore: "0",
  minNodes: "4",
  maxNodes: "10",
  quorum: "67",
  gamma: "30",
  election: "mixed",
  rule: "fedavg",
  byzantineBound: "0",
  maxSamples: "100000",
  privacy: "none",
  clip: "1",
  noiseMultiplier: "1",
  delta: "0.00001",
  rewardToken: "",
  rewardUnit: "0.1",
  reputationInitial: "5",
  reputationMax: "100",
  stakeToken: "",
  minStake: "0",
  arbiter: "",
  slashRecipient: "",
};

/** Beginnings that make sense as they stand. */
export const PRESETS: readonly (readonly [name: string, what: string, draft: Draft])[] = [
  ["Try it out", "the built-in digits, four nodes, five short rounds", TRY],
  [
    "As in the paper",
    "MNIST, five local passes, thirty rounds, ten nodes and more",
    {
      ...TRY,
      dataset: "mnist",
      localEpochs: "5",
      rounds: "30",
      hours: "72",
      trainingMinutes: "30",
      minNodes: "10",
      maxNodes: "20",
    },
  ],
  [
    "Among strangers",
    "Multi-Krum against two faulty updates, a stake, a strict quorum",
    {
      ...TRY,
      rule: "multiKrum",
      byzantineBound: "2",
      minNodes: "10",
      maxNodes: "20",
      quorum: "80",
      minStake: "100",
      rounds: "20",
      hours: "72",
    },
  ],
];

const KEY = "concordat.draft";

/** The draft that was left here, or a new one. */
export function storedDraft(): Draft {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Draft>;
    const known = Object.entries(stored).filter(([key, value]) => key in TRY && typeof value === "string");
    return { ...TRY, ...Object.fromEntries(known) };
  } catch {
    return TRY;
  }
}

export function storeDraft(draft: Draft | undefined): void {
  if (draft === undefined) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, JSON.stringify(draft));
}

/** The fields of each step, so that a fault can be shown where it is corrected. */
export const STEPS = [
  ["Model and data", ["name", "description", "dataset", "model", "seed"]],
  [
    "Training",
    [
      "localEpochs",
      "batchSize",
      "learningRate",
      "momentum",
      "rounds",
      "hours",
      "trainingMinutes",
      "aggregationMinutes",
      "negotiationMinutes",
    ],
  ],
  ["Negotiation", ["strategy", "base", "steps", "alphaLower", "alphaUpper", "initialAlpha", "targetScore"]],
  [
    "Committee and robustness",
    ["minNodes", "maxNodes", "quorum", "gamma", "election", "rule", "byzantineBound", "maxSamples"],
  ],
  ["Privacy", ["privacy", "clip", "noiseMultiplier", "delta"]],
  [
    "Rewards and stake",
    [
      "rewardToken",
      "rewardUnit",
      "reputationInitial",
      "reputationMax",
      "stakeToken",
      "minStake",
      "arbiter",
      "slashRecipient",
    ],
  ],
] as const satisfies readonly (readonly [string, readonly (keyof Draft)[]])[];
