import type { DatasetName, DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { reportLines } from "@concordat/learning/data/dataReport";
import { OFFICIAL_TERMS } from "@concordat/learning/data/officialTerms";
import { datasetTerms } from "@concordat/learning/data/dataset";
import { loadDataset } from "@concordat/learning/data/loadDataset";
import { note } from "@concordat/console/output";

/**
 * What a manifest says about the data of a task. An official dataset is known by its name; of any other the publisher needs
 * an example folder, which tells shapes and classes.
 * @throws {InputError} when a folder is needed and missing, or does not hold such data.
 */
export async function publishedData(options: {
  readonly dataset: DatasetName;
  readonly data?: string;
}): Promise<DatasetTerms> {
  const { dataset, data } = options;
  if (dataset in OFFICIAL_TERMS) return OFFICIAL_TERMS[dataset as keyof typeof OFFICIAL_TERMS];
  const found = await loadDataset(dataset, data);
  // What was left out of the example will be left out at every node.
  if (found.report !== undefined) reportLines(found.report).forEach(note);
  return datasetTerms(found);
}
