import { InputError } from "../../../protocol/errors.ts";
import type { DatasetTerms } from "../../../protocol/datasetTerms.ts";
import { type Dataset } from "../learning/dataset.ts";
import { loadDataset } from "../learning/loadDataset.ts";

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
