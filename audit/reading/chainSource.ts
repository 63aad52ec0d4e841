import { toQuantity } from "ethers";
import { ConcordatError } from "@concordat/protocol/errors";
import { fromRpcLog } from "@concordat/protocol/events/chainLog";
import type { ChainLog, RpcLog } from "@concordat/protocol/events/chainLog";

/** What a block's header says that decisions depend on. `timestamp` in unix seconds. */
export interface BlockFacts {
  readonly hash: string;
  readonly timestamp: number;
}

/** All that an audit reads of a chain. Read only: it needs no key and trusts no node of the federation. */
export interface ChainSource {
  chainId(): Promise<bigint>;
  latestBlock(): Promise<number>;
  logs(addresses: readonly string[], fromBlock: number, toBlock: number): Promise<readonly ChainLog[]>;
  block(number: number): Promise<BlockFacts>;
  /** The state after `block`. Rejects when the call reverts or the endpoint no longer has that state. */
  call(to: string, data: string, block: number): Promise<string>;
  code(account: string, block: number): Promise<string>;
  close(): void;
}

/** Sends one JSON-RPC request, as every endpoint and wallet does. */
export type SendRequest = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** Reads the chain through any JSON-RPC connection. */
export function chainSource(request: SendRequest): ChainSource {
  const send = async <T>(method: string, ...params: readonly unknown[]): Promise<T> =>
    (await request(method, params)) as T;
  return {
    chainId: async () => BigInt(await send<string>("eth_chainId")),
    latestBlock: async () => Number(await send<string>("eth_blockNumber")),
    logs: async (address, fromBlock, toBlock) => {
      const range = { fromBlock: toQuantity(fromBlock), toBlock: toQuantity(toBlock) };
      const logs = await send<readonly RpcLog[]>("eth_getLogs", { address, ...range });
      return logs.map(fromRpcLog);
    },
    block: async (number) => {
      const header = await send<{ hash: string; timestamp: string } | null>(
        "eth_getBlockByNumber",
        toQuantity(number),
        false,
      );
      if (header === null) {
        throw new ConcordatError(`The endpoint does not know block ${number}`, {
          hint: "Ask an endpoint that keeps all block headers",
        });
      }
      return { hash: header.hash, timestamp: Number(header.timestamp) };
    },
    call: (to, data, block) => send("eth_call", { to, data }, toQuantity(block)),
    code: (account, block) => send("eth_getCode", account, toQuantity(block)),
    close: () => {},
  };
}
