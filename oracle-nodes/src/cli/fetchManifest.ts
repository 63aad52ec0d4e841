import { MANIFEST_LIMITS, decodeManifest, type TaskManifest } from "../../../protocol/manifest.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";
import { parseEndpoints } from "../../../protocol/endpoints.ts";
import { fetchArtifact } from "../artifacts/fetchArtifact.ts";
import { gatewaySource } from "../artifacts/gatewaySource.ts";

const TIMEOUT_MS = 5000;

/**
 * Fetches a task's manifest from the first gateway that serves it.
 * @param providers Endpoint strings as NodeRegistry has them.
 * @throws {ArtifactError} when nobody serves it, or it is none.
 */
export async function fetchManifest(
  { manifestDigest, maxArtifactBytes }: TaskTerms,
  providers: readonly string[],
): Promise<TaskManifest> {
  const sources = providers.flatMap((provider) =>
    parseEndpoints(provider).gateways.map((gateway) => gatewaySource(gateway, provider)),
  );
  const maxBytes = Math.min(MANIFEST_LIMITS.maxBytes, maxArtifactBytes);
  const { bytes } = await fetchArtifact(manifestDigest, sources, { maxBytes, timeoutMs: TIMEOUT_MS });
  return decodeManifest(bytes);
}
