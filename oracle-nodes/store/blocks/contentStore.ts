import type { Multiaddr } from "@multiformats/multiaddr";
import { buildDag } from "@concordat/protocol/artifacts/contentAddress";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import { ArtifactCorruptError, ArtifactMissingError, ArtifactTimeoutError } from "../artifactStore.ts";
import type { ArtifactStore, FetchOptions, PutOptions, StoreNews } from "../artifactStore.ts";
import type { BlockStorage } from "./blockStorage.ts";
import { BlockDamagedError, BlockNotHeldError } from "./blockSource.ts";
import type { BlockSource } from "./blockSource.ts";
import { parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import { fetchArtifact } from "../fetchArtifact.ts";
import { gatewaySource } from "../gateway/gatewaySource.ts";
import { RECENT_BYTES, RecentArtifacts } from "../recentArtifacts.ts";
import type { SentBytes } from "../gateway/sentBytes.ts";

/** The parts in which stores differ. */
export interface ContentStoreParts {
  /** What is served to others. */
  readonly served: BlockStorage;
  /** What nobody else may see yet. No server reads it. */
  readonly withheld: BlockStorage;
  /** What is kept in memory of both, where the holders read it too. */
  readonly recent?: RecentArtifacts;
  /** Reads blocks from a libp2p peer over bitswap. */
  readonly peerSource: (peer: Multiaddr, provider: string) => BlockSource;
  readonly endpoints: string;
  readonly sent: SentBytes;
  readonly news?: StoreNews | undefined;
  readonly close: () => Promise<void>;
}

/** The rules that all stores share: here first, gateways next, bitswap last, everything verified, the withheld apart. */
export function contentStore(parts: ContentStoreParts): ArtifactStore {
  const { served, withheld, recent = new RecentArtifacts(RECENT_BYTES), news = {} } = parts;
  let closing: Promise<void> | undefined;

  async function release(digest: Digest): Promise<void> {
    if (withheld.has(digest) && !(await served.take(digest, withheld))) {
      await served.put(await readHeld(withheld, digest));
      await withheld.remove(digest);
    }
    if (!served.has(digest))
      throw new ArtifactMissingError(`Artifact ${digest} is not held, so it cannot be released`);
  }

  return {
    async put(bytes: Uint8Array, { withhold = false }: PutOptions = {}): Promise<Digest> {
      const dag = await buildDag(bytes);
      if (!withhold) {
        await served.put({ bytes, dag });
        await withheld.remove(dag.digest);
      } else if (!served.has(dag.digest)) {
        await withheld.put({ bytes, dag });
      }
      recent.add(dag.digest, bytes);
      return dag.digest;
    },

    async get(digest: Digest, { providers = [], ...bounds }: FetchOptions): Promise<Uint8Array> {
      const known = recent.get(digest);
      if (known !== undefined && known.length <= bounds.maxBytes) return known;
      let damage: string | undefined;
      for (const storage of [served, withheld]) {
        const held = await readOrForget(storage, digest, bounds);
        if (held instanceof Uint8Array) {
          recent.add(digest, held);
          return held;
        }
        damage ??= held;
      }
      if (damage !== undefined) news.damaged?.(digest, damage);
      const asked = typeof providers === "function" ? await providers() : providers;
      const artifact = await fetchArtifact(digest, sourcesOf(asked), bounds).catch((error: unknown) => {
        throw damage === undefined ? error : afterDamage(digest, damage, error);
      });
      await served.putCopy(artifact);
      if (damage !== undefined) news.restored?.(digest);
      recent.add(digest, artifact.bytes);
      return artifact.bytes;
    },

    async has(digest: Digest): Promise<boolean> {
      return served.has(digest) || withheld.has(digest);
    },

    release,

    async list(): Promise<readonly Digest[]> {
      return [...new Set([...served.list(), ...withheld.list()])];
    },

    async remove(digest: Digest): Promise<void> {
      recent.forget(digest);
      await served.remove(digest);
      await withheld.remove(digest);
    },

    endpoints: () => parts.endpoints,

    sentBytes: () => parts.sent.total,

    async close(): Promise<void> {
      closing ??= parts.close();
      await closing;
    },
  };

  /** All gateways before all peers: a gateway answers or fails at once. */
  function sourcesOf(providers: readonly string[]): BlockSource[] {
    const parsed = [...new Set(providers)].map((provider) => ({ provider, ...parseEndpoints(provider) }));
    return [
      ...parsed.flatMap(({ provider, gateways }) =>
        gateways.map((gateway) => gatewaySource(gateway, provider)),
      ),
      ...parsed.flatMap(({ provider, peers }) => peers.map((peer) => parts.peerSource(peer, provider))),
    ];
  }
}

/** What is said where a damaged artifact cannot be had from others: that it is not merely missing. */
function afterDamage(digest: Digest, damage: string, cause: unknown): unknown {
  const options = { facts: { digest }, cause };
  const text = `Artifact ${digest} was damaged here (${damage}), and no other node replaces it`;
  if (cause instanceof ArtifactMissingError) return new ArtifactMissingError(text, options);
  return cause instanceof ArtifactTimeoutError ? new ArtifactTimeoutError(text, options) : cause;
}

/**
 * A held artifact's bytes; undefined if it is not held. If the disk has damaged it, it is forgotten, and what is wrong with
 * it is returned.
 */
async function readOrForget(
  storage: BlockStorage,
  digest: Digest,
  bounds: Omit<FetchOptions, "providers">,
): Promise<Uint8Array | string | undefined> {
  if (!storage.has(digest)) return undefined;
  try {
    return (await fetchArtifact(digest, [heldSource(storage)], bounds)).bytes;
  } catch (error) {
    if (!(error instanceof ArtifactCorruptError) && !(error instanceof ArtifactMissingError)) throw error;
    await storage.remove(digest);
    return error.message;
  }
}

async function readHeld(storage: BlockStorage, digest: Digest): ReturnType<typeof fetchArtifact> {
  return fetchArtifact(digest, [heldSource(storage)], { maxBytes: Infinity, timeoutMs: 60_000 });
}

function heldSource(storage: BlockStorage): BlockSource {
  return {
    name: "this store",
    read: async (cid, { sink, signal }) => {
      const bytes = await storage.read(cid, signal).catch((cause: unknown) => {
        if (cause instanceof BlockDamagedError) throw cause;
        throw new ConcordatError(`This store cannot read block ${cid}`, {
          hint: "Check its disk, or its IPFS node",
          cause,
        });
      });
      if (bytes === undefined) throw new BlockNotHeldError(`block ${cid} is lost`);
      sink.write(bytes);
    },
  };
}
