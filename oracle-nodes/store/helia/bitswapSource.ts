import { setTimeout as pause } from "node:timers/promises";
import type { Helia } from "helia";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { CID } from "multiformats/cid";
import type { BlockSource } from "../blocks/blockSource.ts";

/** Milliseconds that the first attempt may take. Each further attempt has twice as long, for slow links. */
const FIRST_ATTEMPT_MS = 2000;
/** Milliseconds between attempts: a want that follows its cancellation within 10 ms is lost. */
const PAUSE_MS = 200;

/**
 * Reads blocks from one libp2p peer over bitswap, dialling it if need be. An attempt that gets no answer is repeated,
 * since a want may be lost on the way; a peer that cannot be reached, or says that it lacks the block, fails at once.
 */
export function bitswapSource(helia: Helia, peer: Multiaddr, provider: string): BlockSource {
  return {
    name: peer.toString(),
    provider,
    async read(cid, { sink, signal }) {
      for (let attemptMs = FIRST_ATTEMPT_MS; ; attemptMs *= 2) {
        const attempt = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]);
        try {
          sink.write(await ask(helia, peer, cid, attempt));
          return;
        } catch (cause) {
          signal.throwIfAborted();
          if (!attempt.aborted) throw new Error(`unreachable, or without block ${cid}`, { cause });
        }
        await pause(PAUSE_MS, undefined, { signal });
      }
    },
  };
}

async function ask(helia: Helia, peer: Multiaddr, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
  const session = helia.blockstore.createSession(cid, { providers: [peer], signal });
  try {
    const parts: Uint8Array[] = [];
    for await (const part of session.get(cid, { signal })) parts.push(part);
    return Buffer.concat(parts);
  } finally {
    session.close();
  }
}
