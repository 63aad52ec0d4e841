import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import { readRanges } from "@concordat/protocol/events/readRanges";
import type { ChainSource } from "./chainSource.ts";

/** The logs of a range of blocks, both ends included. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
  readonly logs: readonly ChainLog[];
}

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 2_000;
export const LARGEST_RANGE = 50_000;

/**
 * Reads logs a range at a time, ascending, in ranges that the endpoint answers.
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
  const ranges = readRanges<readonly ChainLog[]>(
    {
      first: FIRST_RANGE,
      widest,
      read: (from, to) => source.logs(addresses, from, to),
      judge: (error, { from, to }) => {
        // Words can mislead: whatever else is said may be about the range.
        if (isEndpointFault(error, "behind", "indexing", "unauthorised", "wrongChain")) return "stop";
        if (from === to) throw refusedBlock(from, error);
        return { parts: 2 };
      },
    },
    fromBlock,
    toBlock,
  );
  for await (const { from, to, answer } of ranges) yield { from, to, logs: answer };
}

function refusedBlock(block: number, cause: unknown): Error {
  if (cause instanceof ConcordatError) return cause;
  const [reason = ""] = (cause instanceof Error ? cause.message : String(cause)).split(" (");
  return new ConcordatError(`The endpoint does not give the logs of block ${block}: ${reason}`, {
    hint: "Ask another endpoint",
    cause,
  });
}
