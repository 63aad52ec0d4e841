import { AUDITED_CONTRACTS } from "../contracts.ts";
import { decodeLog } from "../decodeLog.ts";
import { readLogRanges } from "../logRanges.ts";
import type { RawLog } from "../chainSource.ts";
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
  const names = new Map(AUDITED_CONTRACTS.map((name) => [contracts[name].toLowerCase(), name]));
  const isEvent = (log: RawLog): boolean => {
    const contract = names.get(log.address.toLowerCase());
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

type LogContent = Pick<RawLog, "blockNumber" | "logIndex" | "transactionHash" | "topics" | "data">;

function keyOf({ blockNumber, logIndex, transactionHash, topics, data }: LogContent): string {
  return [blockNumber, logIndex, transactionHash, ...topics, data].join(" ");
}
