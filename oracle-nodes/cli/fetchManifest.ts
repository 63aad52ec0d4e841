import { MANIFEST_LIMITS, decodeManifest, type TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import { fetchArtifact } from "@concordat/store/fetchArtifact";
import { gatewaySource } from "@concordat/store/gateway/gatewaySource";

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
