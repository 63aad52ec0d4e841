import type { BlockFacts, ChainSource } from "../reading/chainSource.ts";
import type { CheckLog, CheckPlace } from "../checks.ts";
import type { EventPlace } from "@concordat/protocol/events/concordatEvent";

/** What every replay works with. */
export interface ReplayContext {
  readonly source: ChainSource;
  readonly checks: CheckLog;
  readonly chainId: bigint;
  /** Seconds of a block; headers are read once per block. */
  readonly timestampOf: (block: number) => Promise<number>;
}

/** A reader of block headers that remembers the last one, since events come in the order of blocks. */
export function headerReader(source: ChainSource): (block: number) => Promise<number> {
  let last: { readonly number: number; readonly facts: BlockFacts } | undefined;
  return async (number) => {
    if (last?.number !== number) last = { number, facts: await source.block(number) };
    return last.facts.timestamp;
  };
}

/** The place of a check about an event. */
export function placeOf(
  { place }: { readonly place: EventPlace },
  subject: string,
  taskId?: number,
  round?: number,
): CheckPlace {
  const { blockNumber, transactionHash, logIndex } = place;
  return {
    subject,
    blockNumber,
    transactionHash,
    logIndex,
    ...(taskId === undefined ? {} : { taskId }),
    ...(round === undefined ? {} : { round }),
  };
}

/** Looks up who signed for a node at a round's opening. */
export type SignerAt = (nodeId: number, timestamp: number) => string | undefined;
