import { NEW_DRAFT } from "./draft.ts";
import type { Draft } from "./draft.ts";

/** A beginning that makes sense as it stands. */
export interface Preset {
  readonly name: string;
  readonly what: string;
  readonly draft: Draft;
}

const LONGER = { rounds: "20", timeLimit: "72h", minNodes: "10", maxNodes: "20" } as const;

export const PRESETS: readonly Preset[] = [
  { name: "Try it out", what: "The built-in digits, four nodes, five short rounds", draft: NEW_DRAFT },
  {
    name: "As in the paper",
    what: "MNIST, five local passes, thirty rounds, ten nodes and more",
    draft: {
      ...NEW_DRAFT,
      ...LONGER,
      dataset: "mnist",
      localEpochs: "5",
      rounds: "30",
      trainingSeconds: "30m",
    },
  },
  {
    name: "Among strangers",
    what: "Multi-Krum against two faulty updates, a stake, a strict quorum",
    draft: {
      ...NEW_DRAFT,
      ...LONGER,
      aggregationRule: "multiKrum",
      byzantineBound: "2",
      quorumBps: "80%",
      minStake: "100",
    },
  },
  {
    name: "Private",
    what: "DP-SGD with an epsilon of 8 in all for nodes of 600 records",
    draft: {
      ...NEW_DRAFT,
      privacy: "dp-sgd",
      noiseBy: "budget",
      learningRate: "0.05",
      batchSize: "32",
      maxSamples: "10000",
      delta: "0.00001",
    },
  },
  {
    name: "Small updates",
    what: "The greatest 1 % of the changes in 8 bits, for slow lines",
    draft: { ...NEW_DRAFT, compression: "top-k-quantised", localEpochs: "2", rounds: "10" },
  },
];
