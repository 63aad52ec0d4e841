import type { NamedBytes } from "@concordat/learning/tasks/taskFiles";
import type { Address } from "@concordat/protocol/ids";
import { MAX_GRANT_SECONDS, type SignedGrant, type UploadGrant } from "@concordat/protocol/messages/uploads";
import { fetchArtifact } from "../artifacts/fetchArtifact.ts";
import type { NodeAnswer } from "./askNode.ts";
import { sendFile } from "./sendFile.ts";

/** A node that takes files, and where. */
export type Taker = Extract<NodeAnswer, { kind: "takes" }>;

/** How far the files are on their way to one node. */
export type HandOverState =
  | { readonly kind: "waiting" }
  | { readonly kind: "sending"; readonly share: number }
  | { readonly kind: "checking" }
  | { readonly kind: "served" }
  | { readonly kind: "failed"; readonly error: unknown };

/** Seconds by which a grant is shorter than nodes allow: between their answers and the signature time passes. */
const SPARE_SECONDS = 60;

/** What one signature lets all these nodes take, by their own clocks: the page's may be wrong. */
export function grantFor(
  account: Address,
  takers: readonly Taker[],
  files: readonly NamedBytes[],
): UploadGrant {
  return {
    account,
    nodes: takers.map(({ nodeId }) => nodeId).toSorted((a, b) => a - b),
    files: files.map(({ digest, bytes }) => ({ digest, size: bytes.length })),
    expires: Math.min(...takers.map(({ offer }) => offer.now)) + MAX_GRANT_SECONDS - SPARE_SECONDS,
  };
}

/**
 * Hands the files to one node, then fetches each back by its content identifier, as every participant will, every block
 * checked: what a node says of itself is not believed.
 */
export async function handOver(
  taker: Taker,
  files: readonly NamedBytes[],
  grant: SignedGrant,
  onState: (state: HandOverState) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { nodeId, origin } = taker;
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  try {
    let sent = 0;
    for (const file of files) {
      const before = sent;
      await sendFile(
        { nodeId, origin },
        file,
        grant,
        (bytes) => onState({ kind: "sending", share: Math.min(1, (before + bytes) / total) }),
        signal,
      );
      sent += file.bytes.length;
    }
    onState({ kind: "checking" });
    for (const { digest, bytes } of files) {
      const gateway = { origin, nodeId, unreachable: undefined };
      await fetchArtifact(digest, [gateway], { maxBytes: bytes.length, signal });
    }
    onState({ kind: "served" });
    return true;
  } catch (error) {
    if (!signal.aborted) onState({ kind: "failed", error });
    return false;
  }
}
