import { InputError } from "../errors.ts";

/** The rules by which a round's updates become one model; the position is the `uint8` that a task's terms hold. */
export const AGGREGATION_RULES = ["fedavg", "median", "trimmedMean", "krum", "multiKrum"] as const;
export type AggregationRuleName = (typeof AGGREGATION_RULES)[number];

/** The number that stands for a rule on chain. */
export function aggregationRuleId(rule: AggregationRuleName): number {
  return AGGREGATION_RULES.indexOf(rule);
}

/** The rule that a task's terms name. @throws {InputError} for a number without a rule. */
export function aggregationRuleName(id: number | bigint): AggregationRuleName {
  const rule = AGGREGATION_RULES[Number(id)];
  if (rule === undefined) {
    throw new InputError(`${id} is not an aggregation rule`, {
      hint: `Give a number from 0 to ${AGGREGATION_RULES.length - 1}`,
    });
  }
  return rule;
}

/**
 * Least number of updates from which `rule` tolerates `f` Byzantine ones: 2f + 3 for Krum and Multi-Krum (Blanchard et
 * al. 2017: 2f + 2 < n), 2f + 1 for the trimmed mean, one for the others. Fewer void the round (DESIGN.md section 4).
 */
export function minimumUpdates(rule: AggregationRuleName, f: number): number {
  switch (rule) {
    case "fedavg":
    case "median":
      return 1;
    case "trimmedMean":
      return 2 * f + 1;
    case "krum":
    case "multiKrum":
      return 2 * f + 3;
  }
}
