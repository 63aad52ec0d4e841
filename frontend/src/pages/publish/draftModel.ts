import { ConcordatError } from "@concordat/protocol/errors";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { builtInTopology } from "@concordat/learning/models/models";
import type { Topology } from "@concordat/learning/models/models";
import { parseTopology } from "@concordat/learning/models/topologyFile";
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
