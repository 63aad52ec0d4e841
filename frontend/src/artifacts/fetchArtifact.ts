import { CID } from "multiformats/cid";
import {
  MAX_ROOT_BYTES,
  CHUNK_BYTES,
  cidFromDigest,
  matchesCid,
  readRoot,
} from "@concordat/protocol/artifacts/contentAddress";
import { ArtifactError, ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import type { Gateway } from "./gateways.ts";

const BLOCK_TIMEOUT_MS = 15_000;

export interface FetchOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Share from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Told which gateway had all of it. */
  readonly onServed?: (gateway: Gateway) => void;
}

/**
 * Fetches an artifact from the first gateway that has it. Every block is checked against its content identifier before it
 * is used, so it does not matter whom the bytes come from.
 * @throws {ConcordatError} when no gateway has it, with what each answered; {ArtifactError} for what is larger than allowed,
 * or not canonical, wherever it comes from.
 */
export async function fetchArtifact(
  digest: Digest,
  gateways: readonly Gateway[],
  options: FetchOptions,
): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const gateway of gateways) {
    const { origin, nodeId, unreachable } = gateway;
    const name = nodeId === undefined ? origin : `node ${nodeId} (${origin})`;
    if (unreachable !== undefined) {
      failures.push(`${name}: ${unreachable}`);
      continue;
    }
    try {
      const bytes = await fetchFrom(origin, cidFromDigest(digest), options);
      options.onServed?.(gateway);
      return bytes;
    } catch (error) {
      if (options.signal?.aborted === true || error instanceof ArtifactError) throw error;
      failures.push(`${name}: ${error instanceof ConcordatError ? error.message : "does not answer"}`);
    }
  }
  throw new ConcordatError("no reachable gateway has the file", {
    hint: failures.length === 0 ? "No node has named a gateway in the registry yet" : failures.join("; "),
  });
}

async function fetchFrom(origin: string, root: CID, options: FetchOptions): Promise<Uint8Array> {
  const { size, leaves } = readRoot(await fetchBlock(origin, root, MAX_ROOT_BYTES, options.signal));
  if (size > options.maxBytes) {
    throw new ArtifactError(`The artifact has ${size} bytes, the task allows ${options.maxBytes}`);
  }
  const bytes = new Uint8Array(size);
  let end = 0;
  for (const leaf of leaves) {
    const block = await fetchBlock(origin, leaf.cid, CHUNK_BYTES, options.signal);
    if (block.length !== leaf.size) throw new ConcordatError("a block is not as long as the root says");
    bytes.set(block, end);
    end += block.length;
    options.onProgress?.(end / size);
  }
  return bytes;
}

async function fetchBlock(
  origin: string,
  cid: CID,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(BLOCK_TIMEOUT_MS);
  const response = await fetch(`${origin}/ipfs/${cid.toString()}?format=raw`, {
    headers: { accept: "application/vnd.ipld.raw" },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
  if (!response.ok)
    throw new ConcordatError(response.status === 404 ? "does not have it" : `HTTP ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > maxBytes || !(await matchesCid(cid, bytes))) {
    throw new ConcordatError("sent bytes that do not match their digest");
  }
  return bytes;
}
