import type { AggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import { fedAvg } from "./fedAvg.ts";
import { krum } from "./krum.ts";
import { median } from "./median.ts";
import { multiKrum } from "./multiKrum.ts";
import type { AggregationRule } from "./rule.ts";
import { trimmedMean } from "./trimmedMean.ts";

const RULES: Readonly<Record<AggregationRuleName, AggregationRule>> = {
  fedavg: fedAvg,
  median,
  trimmedMean,
  krum,
  multiKrum,
};

/** The rule that a task's terms name, e.g. `aggregationRule("multiKrum").aggregate(updates, 1)`. */
export function aggregationRule(name: AggregationRuleName): AggregationRule {
  return RULES[name];
}
