import { InputError } from "../../../protocol/errors.ts";
import type { DatasetName, DatasetTerms } from "../../../protocol/datasetTerms.ts";
import { loadCifar10, loadCifar100 } from "./data/cifarFiles.ts";
import { loadCsvTables } from "./data/csvTables.ts";
import type { DataReport } from "./data/dataReport.ts";
import { readCsvSchema, readImageSchema, readPosition } from "./data/folderSchema.ts";
import { loadIdxDataset } from "./data/idxFiles.ts";
import { loadImageFolder } from "./data/imageFolder.ts";
import { loadRealWorldHar } from "./data/realWorldHar.ts";
import { loadUciHar } from "./data/uciHar.ts";
import { digits } from "./digits.ts";

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

/**
 * Loads a dataset: by name alone, or as a manifest describes it, which for a folder of pictures, a table or a choice of
 * sensors says more than the name. By name alone these read schema.json in their folder.
 *
 * @param directory Folder with the official files, or with a folder of the dataset's name; `digits` needs none.
 * @throws {InputError} when a file is missing, truncated, foreign or does not fit its neighbour.
 */
export async function loadDataset(wanted: DatasetName | DatasetTerms, directory?: string): Promise<Dataset> {
  const terms = typeof wanted === "string" ? undefined : wanted;
  const name = typeof wanted === "string" ? wanted : wanted.name;
  if (name === "digits") return digits();
  if (directory === undefined) {
    throw new InputError(`The dataset ${name} needs a folder with its files`, {
      hint: "Name it with --data DIR, or use the built-in dataset digits",
    });
  }
  switch (name) {
    case "mnist":
    case "fashion-mnist":
      return loadIdxDataset(name, directory);
    case "cifar10":
      return loadCifar10(directory);
    case "cifar100":
      return loadCifar100(directory);
    case "uci-har":
      return loadUciHar(directory);
    case "realworld-har":
      return loadRealWorldHar(
        terms?.name === name ? terms.position : ((await readPosition(directory)) ?? "waist"),
        directory,
      );
    case "image-folder":
      return loadImageFolder(terms ?? (await readImageSchema(directory)), directory);
    case "csv":
      return loadCsvTables(terms?.name === name ? terms : await readCsvSchema(directory), directory);
  }
}
