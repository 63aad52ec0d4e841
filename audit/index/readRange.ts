import { inChainOrder } from "@concordat/protocol/events/chainLog";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import { contractFinder } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { decodeLog } from "../reading/decodeLog.ts";
import type { DecodedLog } from "../reading/decodeLog.ts";
import { failureReason } from "./failureReason.ts";
import type { IndexedChain } from "./indexedChain.ts";
import type { BlockHeader, IncludedTransaction, IndexSource, WholeBlock } from "./indexSource.ts";

/** An event with the log that it is read from. */
export interface IndexedEvent extends DecodedLog {
  readonly contract: ContractName;
  readonly log: ChainLog;
}

/** A transaction, and why it failed, where that is known. */
export interface IndexedTransaction extends IncludedTransaction {
  readonly error: string | null;
}

/** All that the index keeps of a range of blocks. */
export interface ReadRange {
  /** The last block of the range. */
  readonly last: BlockHeader;
  /** The blocks that have events or transactions of the index, ascending. */
  readonly blocks: readonly BlockHeader[];
  /** The transactions that caused events, and all others that were sent to the contracts where these are wanted too. */
  readonly transactions: readonly IndexedTransaction[];
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
  { contracts, deploymentBlock, hasAllTransactions }: IndexedChain,
  after: Pick<BlockHeader, "number" | "hash"> | undefined,
  toBlock: number,
): Promise<ReadRange> {
  const last = await source.header(toBlock);
  if (last === undefined) throw new ChainMovedError();
  const contractAt = contractFinder(contracts);
  const fromBlock = (after?.number ?? deploymentBlock - 1) + 1;
  const logs = await source.logs(Object.values(contracts), fromBlock, toBlock);
  const events = logs.toSorted(inChainOrder).flatMap((log): IndexedEvent[] => {
    const contract = contractAt(log.address);
    const decoded = contract === undefined ? undefined : decodeLog(contract, log);
    return contract === undefined || decoded === undefined ? [] : [{ ...decoded, contract, log }];
  });
  const hashes = new Map<number, string>(events.map(({ log }) => [log.blockNumber, log.blockHash]));
  const places = new Map<string, string>(events.map(({ log }) => [log.transactionHash, log.blockHash]));
  const whole = hasAllTransactions === true ? await wholeBlocks(source, fromBlock, last) : [];
  for (const { number, hash, calls } of whole) {
    for (const call of calls.filter(({ recipient }) => contractAt(recipient ?? "") !== undefined)) {
      hashes.set(number, hash);
      places.set(call.hash, hash);
    }
  }
  const numbers = [...hashes.keys()].toSorted((a, b) => a - b);
  const blocks = await inGroups(numbers, (number) => source.header(number));
  const transactions = await inGroups([...places.keys()], (hash) => source.transaction(hash));
  const isOneBranch =
    events.every(({ log }) => hashes.get(log.blockNumber) === log.blockHash) &&
    blocks.every((block) => block.hash === hashes.get(block.number)) &&
    transactions.every((transaction) => transaction.blockHash === places.get(transaction.hash));
  const [first, end] = await Promise.all([after && source.header(after.number), source.header(toBlock)]);
  if (!isOneBranch || first?.hash !== after?.hash || end?.hash !== last.hash) throw new ChainMovedError();
  const explained = await inGroups(transactions, async (transaction) => ({
    ...transaction,
    error: transaction.status === 1 ? null : await failureReason(source, transaction),
  }));
  return { last, blocks, transactions: explained, events };
}

/** All blocks of a range, each the parent of the next. @throws {ChainMovedError} when they are not. */
async function wholeBlocks(
  source: IndexSource,
  fromBlock: number,
  last: BlockHeader,
): Promise<readonly WholeBlock[]> {
  const numbers = Array.from({ length: last.number - fromBlock + 1 }, (_, i) => fromBlock + i);
  const blocks = await inGroups(numbers, (number) => source.wholeBlock(number));
  const isChain = blocks.every(({ hash }, i) => hash === (blocks[i + 1]?.parent ?? last.hash));
  if (!isChain) throw new ChainMovedError();
  return blocks;
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
