import { InputError } from "@concordat/protocol/errors";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { type Dataset } from "@concordat/learning/data/dataset";
import { loadDataset } from "@concordat/learning/data/loadDataset";

/** Loads a dataset from the node's folder. @throws {InputError} naming the key of node.yaml that says where it is. */
export async function loadOwnDataset(terms: DatasetTerms, dir: string | undefined): Promise<Dataset> {
  try {
    return await loadDataset(terms, dir);
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    const hint =
      dir === undefined
        ? "Name it as dataset.dir in node.yaml"
        : `${cause.hint ?? "Check the folder"}; node.yaml names the folder as dataset.dir`;
    throw new InputError(cause.message, { facts: cause.facts, hint, cause });
  }
}
