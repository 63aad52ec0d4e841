import { useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { keccak256, toBytes } from "viem";
import { useMemo } from "react";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { Draft } from "./draft.ts";
import { draftTopology } from "./draftModel.ts";

/** The model of a draft as a manifest describes it, or why nodes may not run it. Loads the learning code. */
export function useModel(
  draft: Draft,
  dataset: DatasetTerms | undefined,
): UseQueryResult<TaskManifest["model"]> {
  const { model, topology: text } = draft;
  const file = useMemo(() => (model === "file" ? keccak256(toBytes(text)) : ""), [model, text]);
  const topology = dataset === undefined ? undefined : draftTopology(draft, dataset).topology;
  return useQuery({
    queryKey: ["published model", model, file, dataset?.inputShape, dataset?.classes],
    enabled: topology !== undefined,
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      if (topology === undefined || dataset === undefined) throw new Error("There is no model yet");
      const { describeModel } = await import("#learning/startingModel.ts");
      return describeModel(topology, dataset);
    },
  });
}
