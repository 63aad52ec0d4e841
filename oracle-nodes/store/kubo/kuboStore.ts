import { join } from "node:path";
import { networkInterfaces } from "node:os";
import { create } from "kubo-rpc-client";
import type { KuboRPCClient } from "kubo-rpc-client";
import type { Multiaddr } from "@multiformats/multiaddr";
import { InputError } from "@concordat/protocol/errors";
import type { ArtifactStore, StoreNews } from "../artifactStore.ts";
import { BlockFolder } from "../blocks/blockFolder.ts";
import type { BlockSource } from "../blocks/blockSource.ts";
import { contentStore } from "../blocks/contentStore.ts";
import { checkEndpoints, formatEndpoints, ownEndpoints } from "@concordat/protocol/endpoints/endpoints";
import type { HostPort } from "@concordat/protocol/endpoints/endpoints";
import { serveGateway } from "../gateway/gatewayServer.ts";
import type { MessageRoute, RequestHandler } from "../gateway/gatewayServer.ts";
import { KuboStorage } from "./kuboStorage.ts";
import { RECENT_BYTES, RecentArtifacts } from "../recentArtifacts.ts";
import type { RateLimit } from "../gateway/rateLimit.ts";
import { SentBytes } from "../gateway/sentBytes.ts";
import { openStoreFolder } from "../blocks/storeFolder.ts";

const LOOPBACK: HostPort = { host: "127.0.0.1", port: 0 };
const CONNECT_TIMEOUT_MS = 10_000;

/** Which Kubo node keeps the artifacts, and how others reach them. */
export interface KuboStoreOptions {
  /** Kubo's RPC, for example http://127.0.0.1:5001. */
  readonly url: string;
  /** Headers of every call, for example an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Folder of the index and of withheld artifacts, which Kubo must not see since it serves what it holds. */
  readonly dir: string;
  /** Where the HTTP gateway for our artifacts listens. Loopback and any port by default. */
  readonly gatewayListen?: HostPort;
  /** Addresses to publish instead of the gateway's and Kubo's own. */
  readonly announce?: readonly string[];
  /** How often one client may ask the gateway. */
  readonly rate?: RateLimit;
  /** What the gateway answers besides blocks. */
  readonly routes?: readonly MessageRoute[];
  /** Who answers further requests of the gateway. */
  readonly handlers?: readonly RequestHandler[];
  /** Told what the store meets in what it keeps. */
  readonly news?: StoreNews;
}

/**
 * Opens a store over a Kubo node that the operator runs. Same bytes, same digest as every other store.
 * @throws {InputError} when the folder is of another format, Kubo does not answer, the gateway's address cannot be listened
 *   on, or what is announced leads nobody here.
 */
export async function createKuboStore(options: KuboStoreOptions): Promise<ArtifactStore> {
  const { url, dir, headers = {}, gatewayListen = LOOPBACK, announce = [] } = options;
  if (announce.length > 0) checkEndpoints(announce.join(" "));
  await openStoreFolder(dir);
  const kubo = create({ url, headers });
  const peers = await peerAddresses(kubo, url);
  const served = await KuboStorage.open(kubo, join(dir, "kubo"));
  const recent = new RecentArtifacts(RECENT_BYTES);
  const withheld = await BlockFolder.open(join(dir, "withheld"), recent);
  const sent = new SentBytes();
  const gateway = await serveGateway(served, gatewayListen, { ...options, onSent: sent.add });
  return contentStore({
    served,
    withheld,
    recent,
    peerSource: (peer, provider) => kuboPeerSource(kubo, peer, provider),
    endpoints:
      announce.length > 0
        ? formatEndpoints(announce)
        : ownEndpoints(gateway.address, peers, networkInterfaces()),
    sent,
    news: options.news,
    close: gateway.close,
  });
}

async function peerAddresses(kubo: KuboRPCClient, url: string): Promise<string[]> {
  try {
    const { addresses } = await kubo.id({ signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return addresses.map(String);
  } catch (cause) {
    throw new InputError(`No Kubo node answers at ${url}`, {
      hint: "Start it with `ipfs daemon`, or correct the address",
      cause,
    });
  }
}

/** Reads blocks from a peer through Kubo's bitswap. Kubo keeps asking for what a peer lacks, until the signal ends it. */
function kuboPeerSource(kubo: KuboRPCClient, peer: Multiaddr, provider: string): BlockSource {
  return {
    name: peer.toString(),
    provider,
    async read(cid, { sink, signal }) {
      await kubo.swarm.connect(peer, { signal });
      sink.write(await kubo.block.get(cid, { signal }));
    },
  };
}
