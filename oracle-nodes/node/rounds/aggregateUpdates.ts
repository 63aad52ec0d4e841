import { minimumUpdates, type AggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import type { MemberId } from "@concordat/protocol/ids";
import { remainingByzantineBound } from "@concordat/protocol/rules/byzantineBound";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { aggregationRule } from "@concordat/learning/aggregation/aggregationRule";
import type { Update } from "@concordat/learning/aggregation/rule";

/** What the updates of a round amount to: w_G and whose updates are in it, or too few of them. */
export type RoundAggregate =
  | {
      readonly kind: "aggregate";
      readonly tensors: ModelTensors;
      readonly accepted: readonly MemberId[];
      readonly rejected: readonly MemberId[];
    }
  | { readonly kind: "tooFew"; readonly accepted: readonly MemberId[] };

/**
 * Aggregates a round's updates. A disqualified update (malformed, not finite) is rejected and uses up one of the f
 * Byzantine members that the rule reckons with: n - d usable updates with f - d left satisfy the rule's bound whenever n
 * with f do. `tooFew` names the usable ones; it voids the round.
 */
export async function aggregateUpdates(
  rule: AggregationRuleName,
  byzantineBound: number,
  usable: readonly Update[],
  disqualified: readonly MemberId[],
): Promise<RoundAggregate> {
  const left = remainingByzantineBound(byzantineBound, disqualified.length);
  const available = usable.length + disqualified.length;
  if (available < minimumUpdates(rule, byzantineBound) || usable.length < minimumUpdates(rule, left)) {
    return { kind: "tooFew", accepted: ascending(usable.map(({ memberId }) => memberId)) };
  }
  const { tensors, accepted, rejected } = await aggregationRule(rule).aggregate(usable, left);
  return { kind: "aggregate", tensors, accepted, rejected: ascending([...rejected, ...disqualified]) };
}

function ascending(members: readonly MemberId[]): MemberId[] {
  return members.toSorted((a, b) => a - b);
}
