import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { Hex } from "@concordat/protocol/ids";

/** All logs of the blocks `from` to `to`, with the hash that block `to` had: it vouches for every block below it. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly toHash: Hex;
  readonly logs: readonly ChainLog[];
  /** Address of the index that told the logs; undefined where the chain's endpoint did. */
  readonly index?: string | undefined;
}
