import type { Hex } from "viem";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { ChainReader } from "./chainReader.ts";
import type { IndexClient } from "./indexClient.ts";
import { lie } from "./indexClient.ts";
import type { Segment } from "./segment.ts";

/** Places at which each answer is compared with the chain's own logs, and blocks of each: few enough for any endpoint. */
const SAMPLES = 3;
const SAMPLE_BLOCKS = 10;
/** Logs that an index gives in one answer at least, where it has as many. */
const FULL_ANSWER = 4000;
/** Answers with fewer logs that may end early: one where an index ends, a few more while it grows. Each costs requests. */
const SHORT_ANSWERS = 4;

/**
 * Reads logs from an index from block `from` up to `to`, or as far as it reaches in answers of due length. Each answer is checked as far as is cheap:
 * its logs lie in its blocks, in order; its last block has the hash that the chain's endpoint gives; and at a few places that
 * nobody can foresee its logs are the endpoint's. So an index of another branch, or one that makes up much, is found out; one
 * that changes or hides a single log may not be.
 * @throws {IndexRefused} when a check fails or the index does not answer; the endpoint's error when that fails.
 */
export async function* readIndexed(
  index: IndexClient,
  reader: ChainReader,
  addresses: readonly Hex[],
  from: number,
  to: number,
): AsyncGenerator<Segment> {
  const known = new Set(addresses.map((address) => address.toLowerCase()));
  let short = 0;
  for (let start = from; start <= to && short < SHORT_ANSWERS;) {
    const segment = await index.segment(start, to);
    if (segment === undefined) return;
    if (!isOrdered(segment, known)) throw lie("answers what no index does");
    const samples = Array.from({ length: SAMPLES }, () => samplePlace(segment));
    const [end, ...told] = await Promise.all([
      reader.block(segment.to),
      ...samples.map(async ([first, last]) => reader.logs(addresses, first, last)),
    ]);
    if (end?.hash !== segment.toHash) throw lie(`has another block ${segment.to} than the chain`);
    for (const [i, [first, last]] of samples.entries()) {
      const indexed = segment.logs.filter(({ blockNumber }) => blockNumber >= first && blockNumber <= last);
      if (!areSame(indexed, told[i] ?? [])) throw lie(`has other events than the chain in block ${first}`);
    }
    yield segment;
    start = segment.to + 1;
    if (segment.logs.length < FULL_ANSWER) short++;
  }
}

/** Whether logs are of these contracts and blocks, in the chain's order, those of the last block with its hash. */
function isOrdered({ from, to, toHash, logs }: Segment, addresses: ReadonlySet<string>): boolean {
  return logs.every(({ address, blockNumber, blockHash, logIndex }, i) => {
    const before = logs[i - 1] ?? { blockNumber: from, logIndex: -1 };
    const follows =
      blockNumber > before.blockNumber || (blockNumber === before.blockNumber && logIndex > before.logIndex);
    return (
      follows &&
      blockNumber <= to &&
      (blockNumber !== to || blockHash === toHash) &&
      addresses.has(address.toLowerCase())
    );
  });
}

/** A few blocks from a log on, or from anywhere where there is none. */
function samplePlace({ from, to, logs }: Segment): readonly [first: number, last: number] {
  const log = logs[Math.floor(Math.random() * logs.length)];
  const first = log?.blockNumber ?? from + Math.floor(Math.random() * (to - from + 1));
  return [first, Math.min(to, first + SAMPLE_BLOCKS - 1)];
}

function areSame(some: readonly ChainLog[], others: readonly ChainLog[]): boolean {
  return JSON.stringify(some.map(plainLog)) === JSON.stringify(others.map(plainLog));
}

function plainLog(log: ChainLog): readonly unknown[] {
  const hex = [log.address, log.data, log.blockHash, log.transactionHash, ...log.topics];
  return [log.blockNumber, log.logIndex, ...hex.map((value) => value.toLowerCase())];
}
