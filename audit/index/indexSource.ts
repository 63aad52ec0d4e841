import { FetchRequest, JsonRpcProvider, getAddress, toQuantity } from "ethers";
import type { RawLog, SendRequest } from "../chainSource.ts";

/** What the index keeps of a block. `timestamp` in unix seconds. */
export interface BlockHeader {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
  readonly timestamp: number;
}

/** A log with the block that it is from, so that a log of another branch is noticed. */
export interface IndexedLog extends RawLog {
  readonly blockHash: string;
}

/** A transaction with what its receipt says. Amounts in wei. */
export interface IncludedTransaction {
  readonly hash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Place in its block, from 0. */
  readonly position: number;
  readonly sender: string;
  /** Null for one that created a contract. */
  readonly recipient: string | null;
  readonly input: string;
  readonly gasUsed: number;
  readonly gasPrice: bigint;
  /** 1 where it succeeded, 0 where it was reverted. */
  readonly status: number;
}

/** All that an index reads of a chain. */
export interface IndexSource {
  chainId(): Promise<number>;
  /** Undefined where the endpoint does not know the block. */
  header(block: number | "latest"): Promise<BlockHeader | undefined>;
  logs(addresses: readonly string[], fromBlock: number, toBlock: number): Promise<readonly IndexedLog[]>;
  /** Undefined where the endpoint does not know it, or not as part of a block. */
  transaction(hash: string): Promise<IncludedTransaction | undefined>;
  close(): void;
}

/** Milliseconds that the endpoint may take for one answer. */
const REQUEST_TIMEOUT_MS = 20_000;
/** Requests that are sent together. */
const BATCH = 50;

/** An object of a JSON-RPC answer: quantities are hex strings. */
type Answer = Readonly<Record<string, string>>;

/** Reads the chain through any JSON-RPC connection. */
export function indexSource(request: SendRequest): IndexSource {
  const ask = async (method: string, ...params: readonly unknown[]): Promise<Answer | null> =>
    (await request(method, params)) as Answer | null;
  return {
    chainId: async () => Number(await request("eth_chainId", [])),
    header: async (block) => {
      const header = await ask(
        "eth_getBlockByNumber",
        typeof block === "number" ? toQuantity(block) : block,
        false,
      );
      return header === null ? undefined : readHeader(header);
    },
    logs: async (address, fromBlock, toBlock) => {
      const range = { fromBlock: toQuantity(fromBlock), toBlock: toQuantity(toBlock) };
      const logs = (await request("eth_getLogs", [{ address, ...range }])) as readonly IndexedLog[];
      return logs.map(
        ({ address: from, topics, data, blockNumber, blockHash, transactionHash, logIndex }) => ({
          address: getAddress(from),
          topics,
          data,
          blockNumber: Number(blockNumber),
          blockHash,
          transactionHash,
          logIndex: Number(logIndex),
        }),
      );
    },
    transaction: async (hash) => {
      const [sent, receipt] = await Promise.all([
        ask("eth_getTransactionByHash", hash),
        ask("eth_getTransactionReceipt", hash),
      ]);
      return sent === null || receipt === null ? undefined : readTransaction(sent, receipt);
    },
    close: () => {},
  };
}

/** Reads the chain at an HTTP endpoint. */
export function rpcIndexSource(rpcUrl: string): IndexSource {
  const request = new FetchRequest(rpcUrl);
  request.timeout = REQUEST_TIMEOUT_MS;
  const provider = new JsonRpcProvider(request, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
    batchMaxCount: BATCH,
  });
  return {
    ...indexSource((method, params) => provider.send(method, [...params])),
    close: () => provider.destroy(),
  };
}

function readHeader({ number = "", hash = "", parentHash = "", timestamp = "" }: Answer): BlockHeader {
  return { number: Number(number), hash, parent: parentHash, timestamp: Number(timestamp) };
}

function readTransaction(sent: Answer, receipt: Answer): IncludedTransaction {
  const { hash = "", from = "", to, input = "0x" } = sent;
  const { blockNumber, blockHash = "", transactionIndex, gasUsed, effectiveGasPrice, status } = receipt;
  return {
    hash,
    blockNumber: Number(blockNumber),
    blockHash,
    position: Number(transactionIndex),
    sender: getAddress(from),
    recipient: to ? getAddress(to) : null,
    input,
    gasUsed: Number(gasUsed),
    gasPrice: BigInt(effectiveGasPrice ?? sent["gasPrice"] ?? 0),
    status: Number(status ?? 1),
  };
}
