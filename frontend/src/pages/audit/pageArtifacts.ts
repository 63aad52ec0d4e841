import type { ArtifactReader } from "@concordat/audit/recompute/recomputeAggregates";
import { ArtifactError } from "@concordat/protocol/errors";
import { fetchArtifact } from "#artifacts/fetchArtifact.ts";
import type { Gateway } from "#artifacts/gateways.ts";

/** Artifacts for an audit in the page: from the gateway of the node that made one first, then from all others. */
export function pageArtifacts(gateways: readonly Gateway[]): ArtifactReader {
  return {
    fetch: async (digest, { nodeId, maxBytes }) => {
      const maker = gateways.filter((gateway) => gateway.nodeId === nodeId);
      const others = gateways.filter((gateway) => gateway.nodeId !== nodeId);
      try {
        return await fetchArtifact(digest, [...maker, ...others], { maxBytes });
      } catch (error) {
        if (error instanceof ArtifactError) return { disqualified: error.message };
        throw error;
      }
    },
  };
}
