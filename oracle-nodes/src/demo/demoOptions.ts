import type { AggregationRuleName } from "../../../protocol/aggregationRule.ts";
import type { DatasetName } from "../../../protocol/datasetTerms.ts";
import type { CompressionTerms } from "../../../protocol/compressionTerms.ts";
import type { BASES, ELECTIONS, STRATEGIES } from "../../../protocol/termsSettings.ts";

/** What `concordat demo` reads from the command line. */
export interface DemoOptions {
  readonly nodes: number;
  readonly rounds: number;
  readonly dataset: DatasetName;
  readonly data?: string;
  readonly model?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly momentum?: number;
  readonly trainPerClass: number;
  readonly seed: number;
  readonly compression: CompressionTerms["kind"];
  readonly strategy: keyof typeof STRATEGIES;
  readonly base: keyof typeof BASES;
  readonly election: keyof typeof ELECTIONS;
  readonly rule: AggregationRuleName;
  readonly f: number;
  readonly keep?: true;
  readonly dir?: string;
  readonly json?: string;
}
