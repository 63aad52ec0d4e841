import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Wallet } from "ethers";
import type { Logger } from "pino";
import { parseAddressBook, type AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";
import type { NodeId } from "../../../protocol/ids.ts";
import type { ArtifactStore } from "../artifacts/artifactStore.ts";
import { createHeliaStore } from "../artifacts/heliaStore.ts";
import { createKuboStore } from "../artifacts/kuboStore.ts";
import type { ChainGateway } from "../chain/chainGateway.ts";
import { connectChain } from "../chain/connectChain.ts";
import { nameDeployment } from "../chain/nameDeployment.ts";
import { AggregationSessions } from "./aggregationSessions.ts";
import { openDataFolder, type DataFolder } from "./dataFolder.ts";
import { openInbox } from "./inbox.ts";
import { openKeystore } from "./keystore.ts";
import type { NodeConfig } from "./nodeConfig.ts";
import { StatusBoard, type NodeStatus } from "./nodeStatus.ts";
import { Peers } from "./peers.ts";
import { PrivacyLedger } from "./privacyLedger.ts";
import { serveTasks } from "./serveTasks.ts";
import type { Services } from "./services.ts";

/** Milliseconds before a failed publication of the endpoints is tried again. */
const RETRY_MS = 1000;

export interface RunNodeOptions {
  /** Opens the keystore. */
  readonly password: string;
  /** Stops the node: it finishes what it writes, frees ports and folder, and the promise resolves. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Called with every change of what the node does. */
  readonly onStatus?: (status: NodeStatus) => void;
}

/**
 * Runs an oracle node until the signal aborts, or, with a list of `tasks`, until all of them are over.
 * @throws {InputError} when something that the operator gave cannot be used: nothing was started then.
 */
export async function runNode(config: NodeConfig, options: RunNodeOptions): Promise<void> {
  const { logger, password } = options;
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const signer = await openKeystore(config.keystore, password);
  const addressBook = await readAddressBook(config.addressBook);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const folder = await openDataFolder(config.dataDir, (error) => lost.abort(error));
    closing.push(() => folder.release().catch(() => undefined));
    const { rpcUrl, confirmations, pollMs, idlePollMs } = config;
    const chain = await connectChain({
      rpcUrl,
      addressBook,
      confirmations,
      pollMs,
      idlePollMs,
      signer,
      logger,
      journal: async (provider) => folder.transactions(await nameDeployment(provider, addressBook)),
    });
    closing.push(() => chain.close());
    const nodeId = await findNode(chain, signer);
    const sessions = new AggregationSessions();
    const store = await openStore(config, folder, sessions);
    closing.push(() => store.close());
    closing.push(openInbox(config.dataDir, store, logger));
    const board = new StatusBoard(
      folder.statusFile,
      { nodeId, signer: signer.address, endpoints: store.endpoints() },
      () => store.sentBytes(),
      options.onStatus,
    );
    closing.push(() => board.close());
    const services: Services = {
      config,
      nodeId,
      chain,
      store,
      signer,
      sessions,
      folder,
      board,
      ledger: await PrivacyLedger.open(folder.privacyLedger),
      logger,
      peers: new Peers(chain, nodeId, config.providers),
      deployment: await nameDeployment(chain.provider, addressBook),
    };
    logger.info({ nodeId, signer: signer.address, endpoints: store.endpoints() }, "node is running");
    await publishEndpoints(services, signal);
    await serveTasks(services, signal);
  } catch (error) {
    if (!options.signal.aborted || error instanceof InputError) throw error;
  } finally {
    for (const close of closing.toReversed()) await close();
    logger.info("node has stopped");
  }
}

async function readAddressBook(path: string): Promise<AddressBook> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new InputError(`The address book ${path} cannot be read`, {
      hint: "Give the JSON file that the deployment wrote",
      cause,
    });
  }
  return parseAddressBook(value);
}

async function findNode(chain: ChainGateway, { address }: Wallet): Promise<NodeId> {
  const nodeId = await chain.nodeOfSigner(address);
  if (nodeId === undefined) {
    throw new InputError(`${address} signs for no node of the registry`, {
      hint: "Apply for admission with it as the signer and wait for the vote, or use the right keystore",
    });
  }
  const { isMember } = await chain.node(nodeId);
  if (!isMember)
    throw new InputError(`Node ${nodeId} was removed from the registry`, {
      hint: "Apply for admission again",
    });
  return nodeId;
}

async function openStore(
  config: NodeConfig,
  folder: DataFolder,
  sessions: AggregationSessions,
): Promise<ArtifactStore> {
  const { artifacts } = config;
  const common = {
    dir: folder.artifacts,
    gatewayListen: artifacts.gateway,
    routes: [sessions.route],
    ...(artifacts.announce !== undefined && { announce: artifacts.announce }),
  };
  switch (artifacts.kind) {
    case "helia":
      return createHeliaStore({ ...common, listen: artifacts.listen });
    case "kubo":
      return createKuboStore({ ...common, url: artifacts.url });
  }
}

/** Makes the registry name where this node serves; only the operator's key can, so others are told what to do. */
async function publishEndpoints(
  { chain, nodeId, store, signer, logger }: Services,
  signal: AbortSignal,
): Promise<void> {
  const { operator, endpoints } = await chain.node(nodeId);
  if (endpoints === store.endpoints()) return;
  if (operator.toLowerCase() !== signer.address.toLowerCase()) {
    logger.warn(
      { registered: endpoints, actual: store.endpoints() },
      "others cannot find this node: its operator must publish the endpoints with concordat node announce",
    );
    return;
  }
  for (;;) {
    try {
      await chain.setEndpoints(store.endpoints(), signal);
      return;
    } catch (error) {
      if (error instanceof InputError) throw error;
      signal.throwIfAborted();
      logger.warn({ error: String(error) }, "the endpoints could not be published yet");
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}
