import type { Hex } from "viem";
import { readRanges } from "@concordat/protocol/events/readRanges";
import { EndpointBehind } from "./endpointBehind.ts";
import type { BlockHeader, ChainReader } from "./chainReader.ts";
import type { Segment } from "./segment.ts";

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 2_000;
const LARGEST_RANGE = 50_000;
/** Milliseconds of pause before each further attempt at a range while requests are limited. */
const PAUSES_MS = [400, 800, 1600, 3200] as const;

/** What the page knows of an endpoint's failures. */
export interface SegmentFailures {
  /** Whether the endpoint may answer for a smaller range: not where nobody answers. */
  readonly mayAnswerLess: (error: unknown) => boolean;
  /** Whether an error means that requests come too fast, which smaller ranges would make worse. */
  readonly isRateLimited: (error: unknown) => boolean;
}

/** The chain changed while it was read: what was read of the last range does not count. */
export class Reorganised extends EndpointBehind {
  constructor() {
    super("The chain changed while it was read");
  }
}

/**
 * Reads all logs from block `from` up to `head`, a segment at a time, in ranges that the endpoint answers. Where it limits the
 * rate of requests, the same range is asked for again after a pause.
 * @throws {Reorganised} when a block's hash changed meanwhile; the endpoint's error when it answers for no range.
 */
export async function* readSegments(
  reader: ChainReader,
  addresses: readonly Hex[],
  from: number,
  head: BlockHeader,
  { mayAnswerLess, isRateLimited }: SegmentFailures,
): AsyncGenerator<Segment> {
  let pauses = 0;
  const ranges = readRanges<Segment>(
    {
      first: FIRST_RANGE,
      widest: LARGEST_RANGE,
      read: (start, to) => readSegment(reader, addresses, start, to, to === head.number ? head : undefined),
      judge: async (error) => {
        if (error instanceof EndpointBehind) return "stop";
        if (!isRateLimited(error)) return mayAnswerLess(error) ? { parts: 2 } : "stop";
        const pause = PAUSES_MS[pauses++];
        if (pause === undefined) return "stop";
        await new Promise((resolve) => {
          setTimeout(resolve, pause);
        });
        return "again";
      },
    },
    from,
    head.number,
  );
  for await (const { answer: segment } of ranges) {
    if (segment.to === head.number && segment.toHash !== head.hash) throw new Reorganised();
    pauses = 0;
    yield segment;
  }
}

/** The block is read after its logs: where the chain changed in between, the logs carry a hash that it no longer has. */
async function readSegment(
  reader: ChainReader,
  addresses: readonly Hex[],
  from: number,
  to: number,
  known?: BlockHeader,
): Promise<Segment> {
  const before = known ?? (await reader.block(to));
  const logs = await reader.logs(addresses, from, to);
  const after = await reader.block(to);
  if (before === undefined || after === undefined) {
    throw new EndpointBehind(`The endpoint does not know block ${to} yet, which it has named before`);
  }
  if (before.hash !== after.hash) throw new Reorganised();
  return { from, to, toHash: after.hash, logs };
}
