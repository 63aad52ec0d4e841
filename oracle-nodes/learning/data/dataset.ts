import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { DataReport } from "./dataReport.ts";

/** Records and their right answers as a file holds them. */
export interface Split {
  /** Raw values, [count, ...inputShape] row-major: pixels 0..255 as bytes, everything else as floats in its own unit. */
  readonly features: Uint8Array | Float32Array;
  /** Class of each record, 0..classes-1; all 0 where `targets` stand. */
  readonly labels: Uint8Array | Uint16Array;
  /** The number to predict of each record, in a regression. */
  readonly targets?: Float32Array;
  /** The person or device that each record came from, numbered as the dataset does. */
  readonly subjects?: Uint16Array;
  readonly count: number;
}

/**
 * A dataset in memory: what a manifest would say about it (with the customary normalisation), the training file, from which
 * nodes draw training and validation, and the test file.
 */
export type Dataset = DatasetTerms & {
  readonly train: Split;
  readonly test: Split;
  /** What was left out or decided when the folder was read; absent where there was nothing to decide. */
  readonly report?: DataReport;
};

/** What a manifest says about a dataset. */
export function datasetTerms({
  train: _train,
  test: _test,
  report: _report,
  ...terms
}: Dataset): DatasetTerms {
  return terms;
}
