import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Wallet } from "ethers";
import type { Logger } from "pino";
import { parseAddressBook, type AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import type { NodeId } from "@concordat/protocol/ids";
import type { ArtifactStore, StoreNews } from "@concordat/store/artifactStore";
import { untilAborted } from "@concordat/protocol/untilAborted";
import { checkAnnounced, localAddresses } from "@concordat/protocol/endpoints/endpoints";
import { createHeliaStore } from "@concordat/store/helia/heliaStore";
import { createKuboStore } from "@concordat/store/kubo/kuboStore";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import { rpcUrls } from "@concordat/chain/endpoints/chainProvider";
import { connectChain } from "@concordat/chain/contracts/connectChain";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { nameDeployment } from "@concordat/chain/contracts/nameDeployment";
import { AccountReader } from "./setup/accounts.ts";
import { AggregationSessions } from "./rounds/aggregationSessions.ts";
import { Closing } from "./closing.ts";
import { openDataFolder, type DataFolder } from "./setup/dataFolder.ts";
import { Heartbeat } from "./status/heartbeat.ts";
import { openInbox } from "./serving/inbox.ts";
import { NodeUploads } from "./serving/nodeUploads.ts";
import { openKeystore } from "./setup/keystore.ts";
import type { NodeConfig } from "./setup/nodeConfig.ts";
import { StatusBoard, type NodeStatus } from "./status/nodeStatus.ts";
import { Pace } from "./rounds/pace.ts";
import { Peers } from "./serving/peers.ts";
import { PrivacyLedger } from "./privacyLedger.ts";
import { problemOf, SaidOnce } from "./status/problemOf.ts";
import { Redaction } from "./status/redaction.ts";
import { serveTasks } from "./tasks/serveTasks.ts";
import type { Services } from "./services.ts";
import { endsWithin } from "./rounds/waiting.ts";

/** Milliseconds before what failed at the start is tried again. */
const RETRY_MS = 1000;
/** See {@link RunNodeOptions.graceMs}: less than a service manager or a container has patience. */
const GRACE_MS = 6000;
/** Milliseconds after its signal for which the node still waits for answers of its endpoint. */
const LAST_ANSWER_MS = 1000;
/** Chains of development tools, which run on one machine. */
const LOCAL_CHAINS: ReadonlySet<number> = new Set([1337, 31_337]);

export interface RunNodeOptions {
  /** Opens the keystore. */
  readonly password: string;
  /** Stops the node: it finishes what it writes, frees ports and folder, and the promise resolves. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Called with every change of what the node does. */
  readonly onStatus?: (status: NodeStatus) => void;
  /** Milliseconds in which the node ends after its signal, whatever hangs. */
  readonly graceMs?: number;
}

/**
 * Runs an oracle node until the signal aborts, or, with a list of `tasks`, until all of them are over.
 * @returns What did not end in time after the signal and was left behind, by name; its process should leave.
 * @throws {InputError} when something that the operator gave cannot be used: nothing was started then.
 */
export async function runNode(config: NodeConfig, options: RunNodeOptions): Promise<readonly string[]> {
  const { graceMs = GRACE_MS } = options;
  const redaction = new Redaction(rpcUrls(config.rpcUrl));
  const logger = redaction.logger(options.logger);
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const closing = new Closing(logger);
  const life = live(config, options, { logger, redaction, lost, signal, closing }).catch((error: unknown) => {
    if (options.signal.aborted && !(error instanceof InputError)) return;
    throw error;
  });
  const isEnded = await endsUnlessOverdue(life, signal, graceMs);
  const stage = isEnded ? [] : [closing.stage];
  const unfinished = [...stage, ...(await closing.close(graceMs / 2))];
  if (unfinished.length > 0)
    logger.error({ unfinished }, "the node exits although a part of it did not stop");
  logger.info("node has stopped");
  if (isEnded) await life;
  else if (lost.signal.aborted) throw lost.signal.reason;
  return unfinished;
}

/** What all parts of a node's life share. */
interface Life {
  readonly logger: Logger;
  readonly redaction: Redaction;
  /** Ends the node when its folder has become another's. */
  readonly lost: AbortController;
  readonly signal: AbortSignal;
  readonly closing: Closing;
}

async function live(
  config: NodeConfig,
  { password, onStatus }: RunNodeOptions,
  { logger, redaction, lost, signal, closing }: Life,
): Promise<void> {
  checkPlaces(config);
  const signer = await openKeystore(config.keystore, password);
  const addressBook = await readAddressBook(config.addressBook);
  const folder = await closing.open(
    "the node's folder",
    openDataFolder(config.dataDir, (error) => lost.abort(error)),
    async ({ release }) => release(),
    signal,
  );
  const { rpcUrl, confirmations, pollMs, idlePollMs } = config;
  const connecting = connectChain({
    rpcUrl,
    addressBook,
    confirmations,
    pollMs,
    idlePollMs,
    signer,
    logger,
    // A machine's endpoint may come up long after its node.
    waitUntil: signal,
    journal: async (provider) => folder.transactions(await nameDeployment(provider, addressBook)),
  });
  const chain = await closing.open("the chain", connecting, async (opened) => opened.close(), signal);
  // A question that nobody answers must not keep the node.
  const hangUp = (): void => void setTimeout(() => chain.provider.pool.close(), LAST_ANSWER_MS).unref();
  signal.addEventListener("abort", hangUp, { once: true });
  const patient = async <T>(what: string, read: () => Promise<T>): Promise<T> => {
    closing.stage = `reading ${what}`;
    return untilAnswered(what, read, logger, signal);
  };
  const nodeId = await patient("the node's registration", async () => findNode(chain, signer));
  const deployment = await patient("the deployment's block", async () =>
    nameDeployment(chain.provider, addressBook),
  );
  const sessions = new AggregationSessions();
  const uploads = NodeUploads.of(config, { nodeId, chain, dir: folder.uploads, logger });
  const opening = openStore(config, folder, sessions, uploads, logger);
  const opened = await closing.open("the store", opening, async (open) => open.close(), signal);
  const store = (await uploads?.open(opened)) ?? opened;
  if (uploads !== undefined) closing.add("the uploads", async () => uploads.close());
  closing.add("the inbox", openInbox(config.dataDir, store, logger));
  const board = new StatusBoard(
    folder.statusFile,
    { nodeId, signer: signer.address, endpoints: store.endpoints() },
    () => store.sentBytes(),
    onStatus,
    (text) => redaction.text(text),
  );
  closing.add("the status file", async () => board.close());
  const accounts = new AccountReader(chain, nodeId, signer.address, logger);
  const heartbeat = new Heartbeat({ chain, board, accounts, logger });
  closing.add("the heartbeat", async () => heartbeat.close());
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
    pace: new Pace(chain.heads),
    peers: new Peers(chain, nodeId, config.providers),
    deployment,
  };
  logger.info({ nodeId, signer: signer.address, endpoints: store.endpoints() }, "node is running");
  await publishEndpoints(services, patient, signal);
  closing.stage = "serving tasks";
  signal.addEventListener("abort", () => (closing.stage = ["serving tasks", ...board.running].join(": ")), {
    once: true,
  });
  await serveTasks(services, signal);
}

/** Whether a life ends by itself, or within the grace after its signal. Its failure is an end, too. */
async function endsUnlessOverdue(
  life: Promise<void>,
  signal: AbortSignal,
  graceMs: number,
): Promise<boolean> {
  const ended = new AbortController();
  const done = life.then(
    () => true,
    () => true,
  );
  void done.then(() => ended.abort());
  const stopped = AbortSignal.any([signal, ended.signal]);
  if (!stopped.aborted) await once(stopped, "abort");
  return endsWithin(done, graceMs);
}

/** @throws {InputError} when the addresses on which the node listens say nothing to others. */
function checkPlaces({ artifacts }: NodeConfig): void {
  const gateway = { name: "gateway", at: artifacts.gateway };
  const libp2p = artifacts.kind === "helia" ? [{ name: "libp2p host", at: artifacts.listen }] : [];
  checkAnnounced([gateway, ...libp2p], artifacts.announce);
}

/** Reads what the node cannot do without: an endpoint that fails is waited for, and it is said once. */
async function untilAnswered<T>(
  what: string,
  read: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
): Promise<T> {
  const said = new SaidOnce();
  for (;;) {
    try {
      return await untilAborted(read(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isEndpointFault(error)) throw error;
      const problem = problemOf(error);
      if (said.isNew(problem)) logger.warn({ problem }, `${what} cannot be read yet`);
      await sleep(RETRY_MS, undefined, { signal });
    }
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
    throw new InputError(`${address} is not the signer of any node in the registry`, {
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
  uploads: NodeUploads | undefined,
  logger: Logger,
): Promise<ArtifactStore> {
  const { artifacts } = config;
  const common = {
    dir: folder.artifacts,
    gatewayListen: artifacts.gateway,
    routes: [sessions.route],
    handlers: uploads === undefined ? [] : [uploads.handler],
    news: storeNews(logger),
    ...(artifacts.announce !== undefined && { announce: artifacts.announce }),
  };
  switch (artifacts.kind) {
    case "helia":
      return createHeliaStore({ ...common, listen: artifacts.listen });
    case "kubo":
      return createKuboStore({ ...common, url: artifacts.url });
  }
}

/** What the store meets in what it keeps, for the log. */
function storeNews(logger: Logger): StoreNews {
  return {
    swept: (count) =>
      logger.warn(
        { artifacts: count },
        "artifacts were cut short on the disk and are fetched again when needed",
      ),
    damaged: (digest, reason) =>
      logger.warn({ digest, reason }, "an artifact is damaged or lost here and is fetched from others"),
    restored: (digest) => logger.info({ digest }, "an artifact that was damaged or lost is back"),
  };
}

/** Makes the registry name where this node serves; only the operator's key can, so others are told what to do. */
async function publishEndpoints(
  { chain, nodeId, store, signer, logger }: Services,
  patient: <T>(what: string, read: () => Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<void> {
  const { operator, endpoints } = await patient("the node's endpoints", async () => chain.node(nodeId));
  warnOfLocal(store.endpoints(), chain.book.chainId, logger);
  if (endpoints === store.endpoints()) return;
  if (operator.toLowerCase() !== signer.address.toLowerCase()) {
    logger.warn(
      { registered: endpoints, actual: store.endpoints() },
      "others cannot find this node: its operator must publish the endpoints with concordat node announce",
    );
    return;
  }
  const said = new SaidOnce();
  for (;;) {
    try {
      await chain.setEndpoints(store.endpoints(), signal);
      return;
    } catch (error) {
      if (error instanceof InputError) throw error;
      signal.throwIfAborted();
      const problem = problemOf(error);
      if (said.isNew(problem)) logger.warn({ problem }, "the endpoints could not be published yet");
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

/** Addresses that lead nowhere from outside are right on a chain of this machine, and a mistake on every other one. */
function warnOfLocal(endpoints: string, chainId: number, logger: Logger): void {
  const local = localAddresses(endpoints);
  if (LOCAL_CHAINS.has(chainId) || local.length === 0) return;
  const addresses = local.map(({ address }) => address);
  logger.warn(
    { addresses },
    "these addresses reach the node only from its own machine or network: give the right ones with announce in node.yaml",
  );
}
