import type { AggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import type { MemberId } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";

/** One member's trained model w_k of a round, as fetched and verified. */
export interface Update {
  readonly memberId: MemberId;
  /** Samples it was trained on: the weight in a sample-weighted mean, a whole number from 1. */
  readonly samples: number;
  readonly tensors: ModelTensors;
}

/** The global model w_G of a round, and what became of each update. */
export interface Aggregate {
  readonly tensors: ModelTensors;
  /** Members whose updates passed, ascending. */
  readonly accepted: readonly MemberId[];
  /** Members whose updates the rule distrusts, ascending; with `accepted` it covers all updates, and is disjoint. */
  readonly rejected: readonly MemberId[];
}

/**
 * A way to make one model of many that gives the same bytes on every engine, system and processor (DESIGN.md section 8):
 * float64 additions in a fixed order, one division, one rounding to float32, and nothing but + - * / and comparison.
 */
export interface AggregationRule {
  readonly name: AggregationRuleName;
  /** Least number of updates with which the rule withstands `f` Byzantine members. */
  minimumUpdates(f: number): number;
  /**
   * Aggregates updates given in any order; `f` is the task's Byzantine bound. Gives way to other work of the process
   * about every 50 ms. The inputs are not changed and must not change meanwhile.
   * @throws {TooFewUpdatesError} below `minimumUpdates(f)`: the round is void.
   * @throws {ArtifactError} for an update that `partitionUsable` would have left out.
   * @throws {InputError} for a member given twice, a bad `f`, or sample counts that are not exact.
   */
  aggregate(updates: readonly Update[], f: number): Promise<Aggregate>;
}
