import type { ChainLog } from "@concordat/protocol/events/chainLog";
import { contractFinder } from "@concordat/protocol/events/contracts";
import { decodeLog } from "../reading/decodeLog.ts";
import { readLogRanges } from "../reading/logRanges.ts";
import type { IndexFile } from "./indexFile.ts";
import type { IndexedChain } from "./indexedChain.ts";
import type { IndexSource } from "./indexSource.ts";

/**
 * Reads the logs of blocks again that the index has already: who gave them may have been behind.
 * @param widest Blocks of one question at most.
 * @returns The first block that now has a log which the index has not; undefined where there is none. What the endpoint
 * lacks and the index has does not count: then it is the endpoint that is behind now.
 */
export async function firstUnknownLog(
  source: IndexSource,
  { contracts }: IndexedChain,
  file: IndexFile,
  fromBlock: number,
  toBlock: number,
  widest: number,
): Promise<number | undefined> {
  const contractAt = contractFinder(contracts);
  const isEvent = (log: ChainLog): boolean => {
    const contract = contractAt(log.address);
    return contract !== undefined && decodeLog(contract, log) !== undefined;
  };
  const addresses = Object.values(contracts);
  for await (const { from, to, logs } of readLogRanges(source, addresses, fromBlock, toBlock, widest)) {
    const known = new Set(
      file.logs(from, to).map((log) => keyOf({ ...log, topics: JSON.parse(log.topics) as string[] })),
    );
    const unknown = logs.filter((log) => isEvent(log) && !known.has(keyOf(log)));
    if (unknown.length > 0) return Math.min(...unknown.map(({ blockNumber }) => blockNumber));
  }
  return undefined;
}

interface LogContent {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  readonly topics: readonly string[];
  readonly data: string;
}

function keyOf({ blockNumber, logIndex, transactionHash, topics, data }: LogContent): string {
  return [blockNumber, logIndex, transactionHash, ...topics, data].join(" ");
}
