import type { ArtifactReader, AggregateUpdates } from "../../../audit/recomputeAggregates.ts";
import { aggregationRule } from "../aggregation/aggregationRule.ts";
import type { ArtifactStore } from "../artifacts/artifactStore.ts";

/** Milliseconds for one artifact, its providers' retries included. */
const FETCH_TIMEOUT_MS = 60_000;

/**
 * What an audit needs to make every global model again: artifacts from a store, which asks the nodes that the registry
 * names and verifies what they give, and the aggregation rules.
 */
export function auditModels(
  store: ArtifactStore,
  signal?: AbortSignal,
): { readonly artifacts: ArtifactReader; readonly aggregate: AggregateUpdates } {
  return {
    artifacts: {
      fetch: async (digest, { endpoints, maxBytes }) =>
        store.get(digest, {
          maxBytes,
          timeoutMs: FETCH_TIMEOUT_MS,
          providers: endpoints,
          ...(signal !== undefined && { signal }),
        }),
    },
    aggregate: async (rule, updates, byzantineBound) =>
      aggregationRule(rule).aggregate(updates, byzantineBound),
  };
}
