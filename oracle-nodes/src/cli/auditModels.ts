import type { AuditModels } from "../../../audit/recomputeAggregates.ts";
import { aggregationRule } from "../aggregation/aggregationRule.ts";
import type { ArtifactStore } from "../artifacts/artifactStore.ts";
import { leastSpent } from "../privacy/spentInTask.ts";

/** Milliseconds for one artifact, its providers' retries included. */
const FETCH_TIMEOUT_MS = 60_000;

/**
 * What an audit needs to make every global model again: artifacts from a store, which asks the nodes that the registry
 * names and verifies what they give, the aggregation rules, and the accountant.
 */
export function auditModels(store: ArtifactStore, signal?: AbortSignal): AuditModels {
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
    leastSpent,
  };
}
