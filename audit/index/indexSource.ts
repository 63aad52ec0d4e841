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
  readonly value: bigint;
  readonly gasLimit: number;
  readonly gasUsed: number;
  readonly gasPrice: bigint;
  /** 1 where it succeeded, 0 where it was reverted. */
  readonly status: number;
}

/** A block with what its transactions are sent to. */
export interface WholeBlock extends BlockHeader {
  readonly calls: readonly { readonly hash: string; readonly recipient: string | null }[];
}

/** What a transaction does when it is played again; unknown where the endpoint does not have the state. */
export type Replayed =
  | { readonly kind: "passes" }
  | { readonly kind: "reverts"; readonly data: string }
  | { readonly kind: "unknown" };

/** All that an index reads of a chain. */
export interface IndexSource {
  chainId(): Promise<number>;
  /** Undefined where the endpoint does not know the block. */
  header(block: number | "latest"): Promise<BlockHeader | undefined>;
  logs(addresses: readonly string[], fromBlock: number, toBlock: number): Promise<readonly IndexedLog[]>;
  /** Undefined where the endpoint does not know it, or not as part of a block. */
  transaction(hash: string): Promise<IncludedTransaction | undefined>;
  /** Undefined where the endpoint does not know the block. */
  wholeBlock(block: number): Promise<WholeBlock | undefined>;
  /** Plays a transaction again on the state before its block. @throws what says that the endpoint did not answer. */
  replay(transaction: IncludedTransaction): Promise<Replayed>;
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
    wholeBlock: async (number) => {
      const block = await request("eth_getBlockByNumber", [toQuantity(number), true]);
      if (block === null) return undefined;
      const { transactions } = block as { readonly transactions: readonly Answer[] };
      const calls = transactions.map(({ hash = "", to }) => ({ hash, recipient: to ?? null }));
      return { ...readHeader(block as Answer), calls };
    },
    replay: async ({ sender, recipient, input, value, gasLimit, blockNumber }) => {
      const call = { from: sender, to: recipient, data: input, value: toQuantity(value) };
      try {
        await request("eth_call", [{ ...call, gas: toQuantity(gasLimit) }, toQuantity(blockNumber - 1)]);
        return { kind: "passes" };
      } catch (error) {
        if (isSilence(error)) throw error;
        const data = revertData(error);
        return data === undefined ? { kind: "unknown" } : { kind: "reverts", data };
      }
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

/** Whether an error says that the endpoint could not be heard, which tells nothing of what was asked: ethers' or Node's. */
function isSilence(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return /^(TIMEOUT|NETWORK_ERROR|SERVER_ERROR|E[A-Z]+|EAI_AGAIN)$/.test(String(code));
}

/** The bytes that a reverted call returned, wherever endpoint and library have put them. */
function revertData(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { data, error: inner, info, message } = error as Readonly<Record<string, unknown>>;
  if (typeof data === "string" && /^0x([0-9a-fA-F]{2})*$/.test(data)) return data;
  const found = [data, inner, info].map(revertData).find((bytes) => bytes !== undefined);
  return found ?? (/revert/.test(String(message)) ? "0x" : undefined);
}

function readHeader({ number = "", hash = "", parentHash = "", timestamp = "" }: Answer): BlockHeader {
  return { number: Number(number), hash, parent: parentHash, timestamp: Number(timestamp) };
}

function readTransaction(sent: Answer, receipt: Answer): IncludedTransaction {
  const { hash = "", from = "", to, input = "0x", value = "0x0", gas } = sent;
  const { blockNumber, blockHash = "", transactionIndex, gasUsed, effectiveGasPrice, status } = receipt;
  return {
    hash,
    blockNumber: Number(blockNumber),
    blockHash,
    position: Number(transactionIndex),
    sender: getAddress(from),
    recipient: to ? getAddress(to) : null,
    input,
    value: BigInt(value),
    gasLimit: Number(gas),
    gasUsed: Number(gasUsed),
    gasPrice: BigInt(effectiveGasPrice ?? sent["gasPrice"] ?? 0),
    status: Number(status ?? 1),
  };
}
