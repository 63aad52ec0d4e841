import type { ArtifactReader, AuditModels } from "./recomputeAggregates.ts";
import { aggregationRule } from "@concordat/learning/aggregation/aggregationRule";
import {
  ArtifactNotCanonicalError,
  ArtifactTimeoutError,
  ArtifactTooLargeError,
} from "@concordat/store/artifactStore";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { leastSpent } from "@concordat/learning/privacy/spentInTask";

/** How long an audit waits for nodes, in milliseconds. */
export interface AuditPatience {
  /** For one artifact from one node. */
  readonly fetchMs: number;
  /** For one artifact from a node that has let another pass in silence. */
  readonly silentMs: number;
}

const PATIENCE: AuditPatience = { fetchMs: 30_000, silentMs: 2_000 };

/**
 * What an audit needs to make every global model again: artifacts from a store, which asks the nodes that the registry
 * names and verifies what they give, the aggregation rules, and the accountant.
 */
export function auditModels(store: ArtifactStore, signal?: AbortSignal, patience = PATIENCE): AuditModels {
  return {
    artifacts: storeArtifacts(store, signal, patience),
    aggregate: async (rule, updates, byzantineBound) =>
      aggregationRule(rule).aggregate(updates, byzantineBound),
    leastSpent,
  };
}

/**
 * Asks one node after the other, so that whoever is silent, has lost an artifact or gives wrong bytes cannot hide it while
 * another has it. Nodes that kept silent are asked last and for a moment only.
 */
function storeArtifacts(
  store: ArtifactStore,
  signal: AbortSignal | undefined,
  { fetchMs, silentMs }: AuditPatience,
): ArtifactReader {
  const silent = new Set<string>();
  return {
    fetch: async (digest, { endpoints, maxBytes }) => {
      if (await store.has(digest)) return store.get(digest, { maxBytes, timeoutMs: fetchMs });
      const nodes = endpoints.toSorted((a, b) => Number(silent.has(a)) - Number(silent.has(b)));
      let failure: unknown = new Error("no node that may hold it has published an address");
      for (const node of nodes) {
        const timeoutMs = silent.has(node) ? silentMs : fetchMs;
        const bounds = { maxBytes, timeoutMs, providers: [node], ...(signal !== undefined && { signal }) };
        try {
          const bytes = await store.get(digest, bounds);
          silent.delete(node);
          return bytes;
        } catch (error) {
          signal?.throwIfAborted();
          if (error instanceof ArtifactTooLargeError || error instanceof ArtifactNotCanonicalError) {
            return { disqualified: error.message };
          }
          if (error instanceof ArtifactTimeoutError) silent.add(node);
          failure = error;
        }
      }
      throw failure;
    },
  };
}
