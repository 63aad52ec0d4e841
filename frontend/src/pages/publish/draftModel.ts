import { ConcordatError } from "../../../../protocol/errors.ts";
import type { DatasetTerms } from "../../../../protocol/datasetTerms.ts";
import { builtInTopology } from "../../../../oracle-nodes/src/learning/models.ts";
import type { Topology } from "../../../../oracle-nodes/src/learning/models.ts";
import { parseTopology } from "../../../../oracle-nodes/src/learning/topologyFile.ts";
import type { Draft } from "./draft.ts";

/** The model that a draft names, or why there is none. Whether nodes may run a file's, `checkModel` tells. */
export type DraftTopology =
  | { readonly topology: Topology; readonly fault?: undefined }
  | { readonly topology?: undefined; readonly fault: string };

export function draftTopology(
  { model, topology, topologyName }: Draft,
  { inputShape, classes }: Pick<DatasetTerms, "inputShape" | "classes">,
): DraftTopology {
  if (model === "file" && topology === "") return { fault: "Choose the file with the model’s topology" };
  try {
    return {
      topology:
        model === "file"
          ? parseTopology(topology, topologyName)
          : builtInTopology(model, inputShape, classes),
    };
  } catch (error) {
    if (!(error instanceof ConcordatError)) throw error;
    return { fault: inSentences(error) };
  }
}

/** An error with what to do about it. */
export function inSentences({ message, hint }: ConcordatError): string {
  return hint === undefined ? message : `${message}. ${hint}.`;
}
