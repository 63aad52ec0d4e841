import { setTimeout as pause } from "node:timers/promises";
import type { CID } from "multiformats/cid";
import { BlockNotHeldError } from "./blockSource.ts";
import type { BlockRequest, BlockSource } from "./blockSource.ts";

/** Milliseconds to wait when a gateway says that it is asked too often. */
const BUSY_PAUSE_MS = 250;

/**
 * Reads blocks from a trustless HTTP gateway: nothing but GET /ipfs/CID?format=raw goes to the given host and port, and
 * redirects are refused, so an endpoint in the registry cannot steer a node elsewhere.
 */
export function gatewaySource(gateway: URL, provider: string): BlockSource {
  return { name: gateway.origin, provider, read: async (cid, request) => readBlock(gateway, cid, request) };
}

async function readBlock(gateway: URL, cid: CID, { maxBytes, signal }: BlockRequest): Promise<Uint8Array> {
  const url = new URL(`/ipfs/${cid}?format=raw`, gateway.origin);
  for (;;) {
    const response = await fetch(url, {
      signal,
      redirect: "error",
      headers: { accept: "application/vnd.ipld.raw" },
    });
    if (response.status === 200) return readBounded(response, maxBytes);
    await response.body?.cancel();
    if (response.status === 404) throw new BlockNotHeldError(`block ${cid} is not there`);
    if (response.status !== 429) throw new Error(`HTTP status ${response.status} for block ${cid}`);
    await pause(BUSY_PAUSE_MS, undefined, { signal });
  }
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new Error(`the block has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
