import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import type { ChoiceOf } from "@concordat/protocol/terms/terms";
import type { TermsSettings } from "@concordat/protocol/terms/termsSettings";
import type { TrainingOptions } from "@concordat/learning/trainingOptions";

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
