import { useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Digest } from "../../../protocol/ids.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import { useGateways } from "../artifacts/useGateways.ts";

/** A task's manifest, fetched from whoever has it and checked against its digest. It never changes. */
export function useManifest(digest: Digest): UseQueryResult<TaskManifest> {
  const gateways = useGateways();
  return useQuery({
    queryKey: ["manifest", digest, gateways.map(({ origin }) => origin)],
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      const { fetchManifest } = await import("./fetchManifest.ts");
      return fetchManifest(digest, gateways, signal);
    },
  });
}
