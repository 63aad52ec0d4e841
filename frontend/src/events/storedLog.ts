import type { Hex } from "viem";

/** A log as the endpoint gave it and as the browser keeps it. */
export interface StoredLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

/** All logs of the blocks `from` to `to`, with the hash that block `to` had: it vouches for every block below it. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly toHash: Hex;
  readonly logs: readonly StoredLog[];
  /** Address of the index that told the logs; undefined where the chain's endpoint did. */
  readonly index?: string | undefined;
}
