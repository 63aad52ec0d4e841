import { Interface } from "ethers";
import type { Logger } from "pino";
import type { Digest, NodeId, TaskId } from "@concordat/protocol/ids";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { untilAborted } from "@concordat/protocol/untilAborted";
import type { RequestHandler } from "@concordat/store/gateway/gatewayServer";
import { RateLimiter } from "@concordat/store/gateway/rateLimit";
import { Uploads, type NamedArtifacts, type UploadNews } from "@concordat/store/uploads/uploads";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import { ContractError } from "@concordat/chain/contracts/contractError";
import type { NodeConfig } from "../setup/nodeConfig.ts";
import { problemOf } from "../status/problemOf.ts";

const DAY_SECONDS = 86_400;
/** Milliseconds between two looks for files whose time is over. */
const SWEEP_MS = 60 * 60_000;
/** Milliseconds for the question whether a contract account signed. */
const CONTRACT_MS = 10_000;
/** Such questions are paid for with this node's share at its endpoint, which its rounds need. */
const CONTRACT_RATE = { perSecond: 0.2, burst: 10 };
/** What ERC-1271 answers, as a word: the selector and nothing else. */
const VALID = `0x1626ba7e${"0".repeat(56)}`;
const ERC1271 = new Interface(["function isValidSignature(bytes32, bytes) view returns (bytes4)"]);

interface Parts {
  readonly nodeId: NodeId;
  readonly chain: ChainGateway;
  readonly dir: string;
  readonly logger: Logger;
}

/** The uploads of a node that runs: what they ask the chain, what they log, and when they look for what is over. */
export class NodeUploads {
  readonly #uploads: Uploads;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;

  private constructor(uploads: Uploads, logger: Logger) {
    this.#uploads = uploads;
    this.#logger = logger;
  }

  /** Undefined where the configuration lists nobody. */
  static of({ uploads: terms }: NodeConfig, parts: Parts): NodeUploads | undefined {
    if (terms === undefined) return undefined;
    const { nodeId, chain, dir, logger } = parts;
    const { keepDays, ...limits } = terms;
    const limiter = new RateLimiter(CONTRACT_RATE);
    const uploads = new Uploads({
      ...limits,
      keepSeconds: Math.ceil(keepDays * DAY_SECONDS),
      node: nodeId,
      chainId: chain.book.chainId,
      nodeRegistry: chain.book.contracts.NodeRegistry,
      dir,
      namedByTasks: async () => namedByTasks(chain),
      isContractSignature: async (account, hash, signature) => {
        if (!limiter.allows("", Date.now())) throw new Error("too many questions about contract accounts");
        const signal = AbortSignal.timeout(CONTRACT_MS);
        return untilAborted(isContractSignature(chain, account, hash, signature), signal);
      },
      news: uploadNews(logger),
    });
    const { accounts, origins } = terms;
    logger.info({ accounts: accounts.length, origins }, "files of listed publishers are accepted");
    return new NodeUploads(uploads, logger);
  }

  get handler(): RequestHandler {
    return this.#uploads;
  }

  /**
   * Begins to take files into the store.
   * @returns The store for everything else in the node: what the node itself puts or uses is no upload any more.
   */
  async open(store: ArtifactStore): Promise<ArtifactStore> {
    await this.#uploads.open(store);
    const sweep = (): void => {
      this.#uploads.sweep().catch((error: unknown) => {
        this.#logger.warn({ problem: problemOf(error) }, "expired files could not be removed");
      });
    };
    sweep();
    this.#timer = setInterval(sweep, SWEEP_MS);
    this.#timer.unref();
    const claimed = async <T>(digest: Digest, result: T): Promise<T> => {
      await this.#uploads.claim(digest);
      return result;
    };
    return {
      ...store,
      put: async (bytes, options) => {
        const digest = await store.put(bytes, options);
        return claimed(digest, digest);
      },
      get: async (digest, options) => claimed(digest, await store.get(digest, options)),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#uploads.close();
  }
}

/**
 * The artifacts that published tasks name, in the newest block, which tells more than a confirmed one; its time is that of
 * the confirmed one, which no reorganisation takes back.
 * @throws {EndpointError}
 */
async function namedByTasks(chain: ChainGateway): Promise<NamedArtifacts> {
  const at = chain.heads.head.number;
  const confirmed = await chain.provider.getBlock(chain.confirmedBlock);
  const count = await chain.taskCount(at);
  const digests = new Set<Digest>();
  for (let id = 1; id <= count; id++) {
    const { manifestDigest, initialModelDigest } = await chain.terms(id as TaskId, at);
    digests.add(manifestDigest).add(initialModelDigest);
  }
  return { digests, time: confirmed?.timestamp ?? 0 };
}

/** Whether an account is a contract that accepts the signature (ERC-1271). @throws {EndpointError} */
async function isContractSignature(
  { provider }: ChainGateway,
  account: string,
  hash: string,
  signature: string,
): Promise<boolean> {
  if ((await provider.getCode(account)) === "0x") return false;
  try {
    const data = ERC1271.encodeFunctionData("isValidSignature", [hash, signature]);
    return (await provider.call({ to: account, data })) === VALID;
  } catch (error) {
    if (error instanceof ContractError) return false;
    throw error;
  }
}

function uploadNews(logger: Logger): UploadNews {
  return {
    taken: (facts) => logger.info(facts, "a publisher handed over a file, which is served now"),
    refused: ({ problem, ...facts }) =>
      logger.warn(
        { ...facts, ...(problem !== undefined && { problem: problemOf(problem) }) },
        "a publisher's file was not accepted",
      ),
    expired: ({ digests, bytes }) =>
      logger.info(
        { files: digests.length, bytes, digests },
        "files of publishers were removed: no task names them",
      ),
    unsure: (problem) =>
      logger.warn(
        { problem: problemOf(problem) },
        "cannot read which files tasks name: none is removed for now",
      ),
    opened: ({ held, lost, damaged }) => {
      if (held > 0) logger.info({ files: held }, "files of publishers are held");
      if (lost > 0) logger.warn({ files: lost }, "files of publishers are lost here: an upload broke off");
      if (damaged > 0)
        logger.warn({ records: damaged }, "the record of who handed over some files can no longer be read");
    },
  };
}
