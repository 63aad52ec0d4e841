import { numberToHex } from "viem";
import type { Hex } from "viem";
import { fromRpcLog, inChainOrder } from "@concordat/protocol/events/chainLog";
import type { ChainLog, RpcLog } from "@concordat/protocol/events/chainLog";

/** Sends one JSON-RPC request to the endpoint. */
export type SendRequest = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** What the page needs of a block's header. */
export interface BlockHeader {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** Reads headers and logs. */
export interface ChainReader {
  /** Undefined where the endpoint does not (or no longer) know the block. */
  block(number: number | "latest"): Promise<BlockHeader | undefined>;
  logs(addresses: readonly Hex[], from: number, to: number): Promise<readonly ChainLog[]>;
}

interface RpcHeader {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
}

/** A reader over any JSON-RPC connection. */
export function chainReader(request: SendRequest): ChainReader {
  return {
    block: async (number) => {
      const tag = number === "latest" ? number : numberToHex(number);
      const header = (await request("eth_getBlockByNumber", [tag, false])) as RpcHeader | null;
      if (header === null) return undefined;
      return {
        number: Number(header.number),
        hash: header.hash,
        parentHash: header.parentHash,
        timestamp: Number(header.timestamp),
      };
    },
    logs: async (address, from, to) => {
      const filter = { address, fromBlock: numberToHex(from), toBlock: numberToHex(to) };
      const logs = (await request("eth_getLogs", [filter])) as readonly RpcLog[];
      return logs.map(fromRpcLog).toSorted(inChainOrder);
    },
  };
}
