import { useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Digest } from "@concordat/protocol/ids";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { useGateways } from "../artifacts/useGateways.ts";

/** Milliseconds after which a manifest that nobody had is asked for again. */
const RETRY_MS = 5_000;

/** A task's manifest, fetched from whoever has it and checked against its digest. It never changes. */
export function useManifest(digest: Digest): UseQueryResult<TaskManifest> {
  const gateways = useGateways();
  return useQuery({
    queryKey: ["manifest", digest, gateways.map(({ origin }) => origin)],
    staleTime: Infinity,
    retry: false,
    // Nodes fetch a manifest some time after its publication, and then have it for others.
    refetchInterval: ({ state }) => (state.data === undefined ? RETRY_MS : false),
    queryFn: async ({ signal }) => {
      const { fetchManifest } = await import("./fetchManifest.ts");
      return fetchManifest(digest, gateways, signal);
    },
  });
}
