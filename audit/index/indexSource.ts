import { getAddress, toQuantity } from "ethers";
import { openProvider } from "@concordat/chain/endpoints/chainProvider";
import { ContractError } from "@concordat/chain/contracts/contractError";
import { EndpointError, isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import type { EndpointFault } from "@concordat/chain/endpoints/endpointError";
import type { SendRequest } from "../reading/chainSource.ts";
import { fromRpcLog } from "@concordat/protocol/events/chainLog";
import type { ChainLog, RpcLog } from "@concordat/protocol/events/chainLog";

/** What the index keeps of a block. `timestamp` in unix seconds. */
export interface BlockHeader {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
  readonly timestamp: number;
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
  logs(addresses: readonly string[], fromBlock: number, toBlock: number): Promise<readonly ChainLog[]>;
  /** Undefined where the endpoint does not know it, or not as part of a block. */
  transaction(hash: string): Promise<IncludedTransaction | undefined>;
  /** Undefined where the endpoint does not know the block. */
  wholeBlock(block: number): Promise<WholeBlock | undefined>;
  /** What a view gives on the state after `block`. */
  call(to: string, data: string, block: number): Promise<string>;
  /** Plays a transaction again on the state before its block. @throws what says that the endpoint did not answer. */
  replay(transaction: IncludedTransaction): Promise<Replayed>;
  close(): void;
}

/** Milliseconds for which one read is tried again: whoever follows a chain tries everything again anyway. */
const PATIENCE_MS = 2_500;

/** An object of a JSON-RPC answer: quantities are hex strings. */
type Answer = Readonly<Record<string, string>>;

/** Reads the chain through a JSON-RPC connection that fails as the chain layer does: ContractError or EndpointError. */
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
      const logs = (await request("eth_getLogs", [{ address, ...range }])) as readonly RpcLog[];
      return logs.map((log) => fromRpcLog({ ...log, address: getAddress(log.address) }));
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
        return whatReplaySaid(error);
      }
    },
    call: async (to, data, block) => (await request("eth_call", [{ to, data }, toQuantity(block)])) as string,
    close: () => {},
  };
}

/** What is asked for because the endpoint named it: nothing in its place comes from a backend that is behind. */
const NAMED: ReadonlySet<string> = new Set([
  "eth_getBlockByNumber",
  "eth_getTransactionByHash",
  "eth_getTransactionReceipt",
]);

/** Reads the chain at an endpoint, or at whichever of several answers. */
export function rpcIndexSource(
  rpcUrl: string | readonly string[],
  chainId?: number,
  patienceMs = PATIENCE_MS,
): IndexSource {
  const provider = openProvider(rpcUrl, chainId, { patienceMs });
  const request: SendRequest = async (method, params) => {
    if (!NAMED.has(method)) return provider.ask(method, params);
    try {
      return await provider.ask(method, params, {
        lacks: (found) => (found === null ? `what ${String(params[0])} names` : undefined),
      });
    } catch (error) {
      if (isEndpointFault(error, "behind")) return null;
      throw error;
    }
  };
  return { ...indexSource(request), close: () => provider.destroy() };
}

/** What an endpoint says of itself when it could not be heard: it tells nothing of what was asked. */
const SILENCE: ReadonlySet<EndpointFault> = new Set([
  "unreachable",
  "rateLimited",
  "unavailable",
  "behind",
  "indexing",
  "unauthorised",
  "wrongChain",
]);

/** @throws what says that the endpoint could not be heard. */
function whatReplaySaid(error: unknown): Replayed {
  if (error instanceof ContractError) return { kind: "reverts", data: error.data };
  if (!(error instanceof EndpointError) || SILENCE.has(error.fault)) throw error;
  return error.fault === "bareRevert" ? { kind: "reverts", data: "0x" } : { kind: "unknown" };
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
