import type { Hex } from "../ids.ts";
import type { EventPlace } from "./concordatEvent.ts";
import { EventError } from "./eventError.ts";

/** What a log says, and who says it. */
export interface LogContent {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** A log of a block, whichever library or endpoint gave it. */
export interface ChainLog extends LogContent, EventPlace {}

/** By block, then by place in the block. */
export function inChainOrder(
  a: Pick<EventPlace, "blockNumber" | "logIndex">,
  b: Pick<EventPlace, "blockNumber" | "logIndex">,
): number {
  return a.blockNumber - b.blockNumber || a.logIndex - b.logIndex;
}

/** A log as ethers gives it. */
export interface EthersLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly index: number;
}

export function fromEthersLog({ index, ...log }: EthersLog): ChainLog {
  return chainLog(log, { ...log, logIndex: index });
}

/** A log as viem gives it: without a place while it is in no block. */
export interface ViemLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: bigint | null;
  readonly blockHash: string | null;
  readonly transactionHash: string | null;
  readonly logIndex: number | null;
}

/** @throws {EventError} "pending" for a log that is in no block yet. */
export function fromViemLog(log: ViemLog): ChainLog {
  return chainLog(log, log);
}

/** A log as JSON-RPC has it: its numbers in hex. */
export interface RpcLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string | null;
  readonly blockHash: string | null;
  readonly transactionHash: string | null;
  readonly logIndex: string | null;
}

/** @throws {EventError} "pending" for a log that is in no block yet. */
export function fromRpcLog(log: RpcLog): ChainLog {
  return chainLog(log, log);
}

interface LooseContent {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

interface LoosePlace {
  readonly blockNumber: number | bigint | string | null;
  readonly blockHash: string | null;
  readonly transactionHash: string | null;
  readonly logIndex: number | string | null;
}

function chainLog({ address, topics, data }: LooseContent, place: LoosePlace): ChainLog {
  const { blockNumber, blockHash, transactionHash, logIndex } = place;
  if (blockNumber === null || blockHash === null || transactionHash === null || logIndex === null) {
    throw new EventError("pending", "The log is in no block yet");
  }
  return {
    address: address as Hex,
    topics: topics as readonly Hex[],
    data: data as Hex,
    blockNumber: Number(blockNumber),
    blockHash: blockHash as Hex,
    transactionHash: transactionHash as Hex,
    logIndex: Number(logIndex),
  };
}
