import type { Hex } from "viem";
import { EndpointBehind } from "./endpointBehind.ts";
import type { BlockHeader, ChainReader } from "./chainReader.ts";
import type { Segment } from "./storedLog.ts";

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 2_000;
const LARGEST_RANGE = 50_000;

/** The chain changed while it was read: what was read of the last range does not count. */
export class Reorganised extends EndpointBehind {
  constructor() {
    super("The chain changed while it was read");
  }
}

/**
 * Reads all logs from block `from` up to `head`, a segment at a time: ranges that the endpoint refuses are halved, and
 * grow again while it answers.
 * @throws {Reorganised} when a block's hash changed meanwhile; the endpoint's error when it answers for no range.
 */
export async function* readSegments(
  reader: ChainReader,
  addresses: readonly Hex[],
  from: number,
  head: BlockHeader,
  mayAnswerLess: (error: unknown) => boolean,
): AsyncGenerator<Segment> {
  let range = FIRST_RANGE;
  for (let start = from; start <= head.number;) {
    const to = Math.min(head.number, start + range - 1);
    let segment: Segment;
    try {
      segment = await readSegment(reader, addresses, start, to, to === head.number ? head : undefined);
    } catch (error) {
      if (error instanceof EndpointBehind || range === 1 || !mayAnswerLess(error)) throw error;
      range = Math.ceil(range / 2);
      continue;
    }
    if (to === head.number && segment.toHash !== head.hash) throw new Reorganised();
    yield segment;
    start = to + 1;
    range = Math.min(LARGEST_RANGE, range * 2);
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
