import { AUDITED_CONTRACTS } from "../contracts.ts";
import type { ContractName, Deployment } from "../contracts.ts";
import { decodeLog } from "../decodeLog.ts";
import type { DecodedLog } from "../decodeLog.ts";
import type { BlockHeader, IncludedTransaction, IndexSource, IndexedLog } from "./indexSource.ts";

/** An event with the log that it is read from. */
export interface IndexedEvent extends DecodedLog {
  readonly contract: ContractName;
  readonly log: IndexedLog;
}

/** All that the index keeps of a range of blocks. */
export interface ReadRange {
  /** The last block of the range. */
  readonly last: BlockHeader;
  /** The blocks that have events, ascending. */
  readonly blocks: readonly BlockHeader[];
  /** The transactions that caused events, in the chain's order. */
  readonly transactions: readonly IncludedTransaction[];
  /** In the chain's order. */
  readonly events: readonly IndexedEvent[];
}

/** The chain reorganised while a range was read: what was read is of two branches, and must be read again. */
export class ChainMovedError extends Error {
  constructor() {
    super("The chain reorganised while it was read");
    this.name = "ChainMovedError";
  }
}

/** Headers and transactions that are asked for at once. */
const AT_ONCE = 50;

/**
 * Reads the blocks after `after` up to `toBlock`, all of one branch: every log, transaction and header names the same
 * block, and the range's last block as well as `after` are still the chain's once everything is read.
 * @throws {ChainMovedError} when it is not so.
 */
export async function readRange(
  source: IndexSource,
  { contracts, deploymentBlock }: Deployment,
  after: Pick<BlockHeader, "number" | "hash"> | undefined,
  toBlock: number,
): Promise<ReadRange> {
  const last = await source.header(toBlock);
  if (last === undefined) throw new ChainMovedError();
  const names = new Map(AUDITED_CONTRACTS.map((name) => [contracts[name].toLowerCase(), name]));
  const logs = await source.logs(
    Object.values(contracts),
    (after?.number ?? deploymentBlock - 1) + 1,
    toBlock,
  );
  const events = logs
    .toSorted((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex)
    .flatMap((log): IndexedEvent[] => {
      const contract = names.get(log.address.toLowerCase());
      const decoded = contract === undefined ? undefined : decodeLog(contract, log);
      return contract === undefined || decoded === undefined ? [] : [{ ...decoded, contract, log }];
    });
  const hashes = new Map(events.map(({ log }) => [log.blockNumber, log.blockHash]));
  const places = new Map(events.map(({ log }) => [log.transactionHash, log.blockHash]));
  const blocks = await inGroups([...hashes.keys()], (number) => source.header(number));
  const transactions = await inGroups([...places.keys()], (hash) => source.transaction(hash));
  const isOneBranch =
    events.every(({ log }) => hashes.get(log.blockNumber) === log.blockHash) &&
    blocks.every((block) => block.hash === hashes.get(block.number)) &&
    transactions.every((transaction) => transaction.blockHash === places.get(transaction.hash));
  const [first, end] = await Promise.all([after && source.header(after.number), source.header(toBlock)]);
  if (!isOneBranch || first?.hash !== after?.hash || end?.hash !== last.hash) throw new ChainMovedError();
  return { last, blocks, transactions, events };
}

/** Asks for each item, a group at a time. @throws {ChainMovedError} where the chain does not have one any more. */
async function inGroups<Item, Found>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Found | undefined>,
): Promise<Found[]> {
  const all: Found[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    for (const found of await Promise.all(items.slice(start, start + AT_ONCE).map(ask))) {
      if (found === undefined) throw new ChainMovedError();
      all.push(found);
    }
  }
  return all;
}
