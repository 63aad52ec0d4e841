import { isEndpointFault } from "../oracle-nodes/src/chain/endpointError.ts";
import { ConcordatError } from "../protocol/errors.ts";
import type { ChainSource } from "./chainSource.ts";
import type { ChainLog } from "../protocol/events/chainLog.ts";

/** The logs of a range of blocks, both ends included. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
  readonly logs: readonly ChainLog[];
}

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 2_000;
export const LARGEST_RANGE = 50_000;
/** Ranges that must be answered before a width is tried again that was refused. */
const PATIENT_RANGES = 8;

/**
 * Reads logs a range at a time, ascending: ranges that an endpoint refuses are halved, and grow again while it answers.
 * @param widest Blocks of one range at most.
 * @throws {ConcordatError} where not even one block is answered, or the endpoint's trouble has nothing to do with the range.
 */
export async function* readLogRanges(
  source: Pick<ChainSource, "logs">,
  addresses: readonly string[],
  fromBlock: number,
  toBlock: number,
  widest = LARGEST_RANGE,
): AsyncGenerator<LogRange> {
  let width = Math.min(FIRST_RANGE, widest);
  let limit = widest;
  let answered = 0;
  let from = fromBlock;
  while (from <= toBlock) {
    const to = Math.min(toBlock, from + width - 1);
    let logs: readonly ChainLog[];
    try {
      logs = await source.logs(addresses, from, to);
    } catch (error) {
      if (isLasting(error)) throw error;
      if (to === from) throw refusedBlock(from, error);
      limit = to - from;
      width = Math.ceil((to - from + 1) / 2);
      answered = 0;
      continue;
    }
    yield { from, to, logs };
    from = to + 1;
    answered++;
    if (answered % PATIENT_RANGES === 0) limit = Math.min(widest, limit * 2);
    width = Math.min(limit, width * 2);
  }
}

/** Whether a smaller range would be refused as well. Words can mislead: whatever else is said may be about the range. */
function isLasting(error: unknown): boolean {
  return isEndpointFault(error, "behind", "indexing", "unauthorised", "wrongChain");
}

function refusedBlock(block: number, cause: unknown): Error {
  if (cause instanceof ConcordatError) return cause;
  const [reason = ""] = (cause instanceof Error ? cause.message : String(cause)).split(" (");
  return new ConcordatError(`The endpoint does not give the logs of block ${block}: ${reason}`, {
    hint: "Ask another endpoint",
    cause,
  });
}
