import { InputError } from "@concordat/protocol/errors";
import type { DatasetName, DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { loadCifar10, loadCifar100 } from "./cifarFiles.ts";
import { loadCsvTables } from "./csvTables.ts";
import { readCsvSchema, readImageSchema, readPosition } from "./folderSchema.ts";
import { loadIdxDataset } from "./idxFiles.ts";
import { loadImageFolder } from "./imageFolder.ts";
import { loadRealWorldHar } from "./realWorldHar.ts";
import { loadUciHar } from "./uciHar.ts";
import { digits } from "./digits.ts";
import type { Dataset } from "./dataset.ts";

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
