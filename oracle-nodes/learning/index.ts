/** What most users of the learning need; everything else has its own entry, such as `@concordat/learning/training/personalise`. */
export { aggregationRule } from "./aggregation/aggregationRule.ts";
export type { Aggregate, AggregationRule, Update } from "./aggregation/rule.ts";
export type { Dataset, Split } from "./data/dataset.ts";
export { digits } from "./data/digits.ts";
export type { Engine, TrainableModel } from "./engines/engine.ts";
export { partition, partitionNode } from "./partition/partition.ts";
export { SeededRandom } from "./seededRandom.ts";
export { mix, scoreCandidates } from "./training/personalise.ts";
