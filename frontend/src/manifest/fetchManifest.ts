import { ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import { MANIFEST_LIMITS, decodeManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { fetchArtifact } from "../artifacts/fetchArtifact.ts";
import type { Gateway } from "../artifacts/gateways.ts";

/** Fetches and checks a manifest. @throws {ConcordatError} when nobody has it, or it breaks its schema. */
export async function fetchManifest(
  digest: Digest,
  gateways: readonly Gateway[],
  signal: AbortSignal,
): Promise<TaskManifest> {
  try {
    return decodeManifest(
      await fetchArtifact(digest, gateways, { maxBytes: MANIFEST_LIMITS.maxBytes, signal }),
    );
  } catch (cause) {
    if (!(cause instanceof ConcordatError) || signal.aborted) throw cause;
    throw new ConcordatError(`The task’s manifest cannot be shown: ${cause.message}`, {
      hint: cause.hint ?? "Its rounds can be followed and audited without it",
      cause,
    });
  }
}
