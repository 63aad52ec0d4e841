import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Divergence } from "./divergence.ts";
import type { Federation } from "./federation.ts";

/** Everything that a trajectory carries from one round to the next; it is what a checkpoint holds. */
export interface TrajectoryState {
  readonly models: Readonly<Record<string, ModelTensors>>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** Correct answers of a scheme's model of one node on one split, after a round. */
export interface ScoreRow {
  readonly scheme: string;
  readonly node: number;
  /** "validation", "test" or "skew 10 %". */
  readonly split: string;
  readonly correct: number;
  readonly total: number;
}

/** The mixing weight that a scheme used in a round: one for all nodes (node 0), or a node's own. */
export interface AlphaRow {
  readonly scheme: string;
  readonly node: number;
  readonly alpha: number;
}

/** Bytes that each node sent and received in a round, with headers. */
export interface BytesRow {
  readonly scheme: string;
  readonly up: number;
  readonly down: number;
}

/** How one candidate alpha does at a node: what headroom is computed from. */
export interface CandidateRow {
  readonly node: number;
  readonly alpha: number;
  /** The score that the node reports, in basis points of its validation split. */
  readonly validationBps: number;
  /** Correct answers on its clean test split. */
  readonly correct: number;
  readonly total: number;
}

/** What a round of a trajectory leaves behind. */
export interface RoundRecord {
  readonly scores: readonly ScoreRow[];
  readonly alphas: readonly AlphaRow[];
  readonly bytes: readonly BytesRow[];
  readonly candidates: readonly CandidateRow[];
  /** Digests of the round's models by name: "w_G", and "w_k 3" for node 3. */
  readonly digests: Readonly<Record<string, string>>;
  /** Schemes that end in this round while the others of the trajectory go on; absent where none does. */
  readonly diverged?: readonly Omit<Divergence, "round">[];
}

/** What is scored after a round: nothing, the validation split (tuning), or the test splits. */
export type Scoring = "none" | "validation" | "test";

/** Where a trajectory stands in its work. */
export interface RoundContext {
  readonly federation: Federation;
  /** 1-based. */
  readonly round: number;
  readonly scoring: Scoring;
  /** Whether this round is one after which tables are made. */
  readonly isReported: boolean;
  /** Called after each training. */
  readonly onTraining: () => void;
}

/**
 * A training trajectory with all schemes that it serves. A round is a function of the state and nothing else, so a run that
 * was killed goes on from its last checkpoint with the same bits.
 */
export interface Trajectory {
  /** Names its folder: lower-case letters, digits, hyphens. */
  readonly name: string;
  /** Labels of the schemes that it scores. */
  readonly schemes: readonly string[];
  /** What else its results depend on, beside the experiment's common settings. */
  readonly settings: unknown;
  /** Trainings of a node's split in one round, for the time left. */
  readonly trainings: number;
  begin(federation: Federation): TrajectoryState;
  round(
    context: RoundContext,
    state: TrajectoryState,
  ): Promise<{ state: TrajectoryState; record: RoundRecord }>;
}

/** A model of a state. */
export function modelOf(state: TrajectoryState, name: string): ModelTensors {
  const model = state.models[name];
  if (model === undefined) throw new Error(`The trajectory's state has no model ${name}`);
  return model;
}

/** A number of a state. */
export function numberOf(state: TrajectoryState, name: string): number {
  const value = state.numbers[name];
  if (value === undefined) throw new Error(`The trajectory's state has no number ${name}`);
  return value;
}
