import { join } from "node:path";
import { networkInterfaces } from "node:os";
import { withBitswap } from "@helia/bitswap";
import { withLibp2pLight } from "@helia/libp2p";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { LevelDatastore } from "datastore-level";
import { createHeliaLight } from "helia";
import { InputError } from "@concordat/protocol/errors";
import type { ArtifactStore, StoreNews } from "../artifactStore.ts";
import { bitswapMeter } from "./bitswapMeter.ts";
import { bitswapSource } from "./bitswapSource.ts";
import { BlockFolder } from "../blocks/blockFolder.ts";
import { contentStore } from "../blocks/contentStore.ts";
import {
  checkEndpoints,
  formatEndpoints,
  listenAddress,
  ownEndpoints,
} from "@concordat/protocol/endpoints/endpoints";
import type { HostPort } from "@concordat/protocol/endpoints/endpoints";
import { serveGateway } from "../gateway/gatewayServer.ts";
import type { MessageRoute, RequestHandler } from "../gateway/gatewayServer.ts";
import type { RateLimit } from "../gateway/rateLimit.ts";
import { RECENT_BYTES, RecentArtifacts } from "../recentArtifacts.ts";
import { SentBytes } from "../gateway/sentBytes.ts";
import { servedBlockstore } from "./servedBlockstore.ts";
import { openStoreFolder } from "../blocks/storeFolder.ts";

/** An address that only this machine reaches, on a port that the system chooses. */
const LOOPBACK: HostPort = { host: "127.0.0.1", port: 0 };
/** Milliseconds after which a block lost on its way is sent to the same peer again. */
const RESEND_MS = 500;
const MAX_PEERS = 256;

/** Where an embedded store lives and how others reach it. */
export interface HeliaStoreOptions {
  /** Folder of blocks, withheld blocks and peer identity. Made if it is not there; one process at a time. */
  readonly dir: string;
  /** Where libp2p listens for bitswap. Loopback and any port by default. */
  readonly listen?: HostPort;
  /** Where the HTTP gateway listens. Loopback and any port by default. */
  readonly gatewayListen?: HostPort;
  /** Addresses to publish instead of those listened on, for instance behind a proxy (see endpoints.ts). */
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
 * Opens a store with an embedded, private IPFS node: no bootstrap, no discovery, no relay; it dials only the providers of
 * a fetch. Its peer identity is kept in `dir`.
 * @throws {InputError} when the folder is in use or of another format, an address cannot be listened on, or what is
 *   announced leads nobody here.
 */
export async function createHeliaStore(options: HeliaStoreOptions): Promise<ArtifactStore> {
  const { dir, listen = LOOPBACK, gatewayListen = LOOPBACK, announce = [] } = options;
  if (announce.length > 0) checkEndpoints(announce.join(" "));
  await openStoreFolder(dir);
  const datastore = await openDatastore(join(dir, "peer"));
  const opened: (() => Promise<unknown>)[] = [async () => datastore.close()];
  const close = async (): Promise<void> => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    const recent = new RecentArtifacts(RECENT_BYTES);
    const served = await BlockFolder.open(join(dir, "served"), recent);
    const withheld = await BlockFolder.open(join(dir, "withheld"), recent);
    const swept = served.swept + withheld.swept;
    if (swept > 0) options.news?.swept?.(swept);
    const sent = new SentBytes();
    const helia = privateNode(served, datastore, listen, sent);
    opened.push(async () => helia.stop());
    await startNode(helia, listen);
    const gateway = await serveGateway(served, gatewayListen, { ...options, onSent: sent.add });
    opened.push(gateway.close);
    const addresses = helia.libp2p.getMultiaddrs().map(String);
    return contentStore({
      served,
      withheld,
      recent,
      peerSource: (peer, provider) => bitswapSource(helia, peer, provider),
      endpoints:
        announce.length > 0
          ? formatEndpoints(announce)
          : ownEndpoints(gateway.address, addresses, networkInterfaces()),
      sent,
      news: options.news,
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

type PrivateNode = ReturnType<typeof privateNode>;

function privateNode(served: BlockFolder, datastore: LevelDatastore, listen: HostPort, sent: SentBytes) {
  const metrics = bitswapMeter(sent.add);
  const light = createHeliaLight({ blockstore: servedBlockstore(served), datastore, metrics });
  const connected = withLibp2pLight(light, {
    addresses: { listen: [listenAddress(listen)] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    peerDiscovery: [],
    connectionManager: { maxConnections: MAX_PEERS },
    services: { identify: identify(), ping: ping() },
  });
  return withBitswap(connected, { doNotResendBlockWindow: RESEND_MS });
}

async function openDatastore(path: string): Promise<LevelDatastore> {
  const datastore = new LevelDatastore(path);
  try {
    await datastore.open();
  } catch (cause) {
    throw new InputError(`The store in ${path} cannot be opened`, {
      hint: "Stop the other process that uses this folder, or make the folder writable",
      cause,
    });
  }
  return datastore;
}

async function startNode(helia: PrivateNode, listen: HostPort): Promise<void> {
  try {
    await helia.start();
  } catch (cause) {
    throw new InputError(`The store cannot listen on ${listen.host}:${listen.port}`, {
      hint: "Choose a free port of this machine for the store",
      cause,
    });
  }
}
