import type { DatasetName } from "../../../protocol/datasetTerms.ts";
import type { ChoiceOf } from "../../../protocol/terms/terms.ts";
import type { TermsSettings } from "../../../protocol/termsSettings.ts";
import type { TrainingOptions } from "../learning/trainingOptions.ts";

/** What `concordat demo` reads from the command line. */
export interface DemoOptions
  extends
    TrainingOptions,
    Pick<
      TermsSettings,
      "rounds" | "strategy" | "trainingBase" | "electionMode" | "aggregationRule" | "byzantineBound"
    > {
  readonly nodes: number;
  readonly dataset: DatasetName;
  readonly data?: string;
  readonly model?: string;
  readonly trainPerClass: number;
  readonly seed: number;
  readonly compression: ChoiceOf<"compression">;
  readonly keep?: true;
  readonly dir?: string;
  readonly json?: string;
}
