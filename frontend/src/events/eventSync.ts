import type { Hex } from "viem";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { eventReader } from "@concordat/protocol/events/decodeEvent";
import { EventError } from "@concordat/protocol/events/eventError";
import type { EventFault } from "@concordat/protocol/events/eventError";
import type { BlockHeader, ChainReader } from "./chainReader.ts";
import { EndpointBehind } from "./endpointBehind.ts";
import { IndexRefused, lie } from "./indexClient.ts";
import type { IndexClient } from "./indexClient.ts";
import { readIndexed } from "./readIndexed.ts";
import { Reorganised, readSegments } from "./readSegments.ts";
import type { SegmentFailures } from "./readSegments.ts";
import type { SegmentCache } from "./segmentCache.ts";
import { mergeSettled } from "./segmentList.ts";
import type { Segment } from "./segment.ts";

/** Milliseconds of decoding after which the page gets a turn. */
const SLICE_MS = 24;
/** How often a changing chain is read again before the next poll tries. */
const ATTEMPTS = 3;
/** Blocks on top of those that an index is asked for: what may still change, one query of the endpoint tells as well. */
const SETTLED_BLOCKS = 64;
/** Incomplete readings in a row after which everything is read again. */
const READ_AGAIN = 5;

/** Logs that are none of this page's events, and no fault of who told them. */
const OTHERS: ReadonlySet<EventFault> = new Set(["otherAddress", "unknownTopic"]);

/** How far the page has read. */
export interface SyncStatus {
  /** Last block whose events are on the page; one less than the deployment's before the first. */
  readonly syncedTo: number;
  /** Last block up to which the contracts count nothing that is not on the page; 0 before the first. */
  readonly completeTo: number;
  /** The chain's last block, as last heard. */
  readonly head: BlockHeader | undefined;
  /** When that was heard, by this machine's clock, in milliseconds. */
  readonly heardAt: number;
  /** Why the last attempt failed; undefined while all is well. */
  readonly error: unknown;
  /** The newest block that the endpoint knew when it knew less than it had told before; undefined while it knows all. */
  readonly lagsAt: number | undefined;
  /** What came from the configured index. */
  readonly index: IndexUse | undefined;
}

/** What an index is good for on this page. */
export interface IndexUse {
  readonly url: string;
  /** Last block whose events it told; undefined where the chain's endpoint told all. */
  readonly to: number | undefined;
  /** Why it is not asked any more, in words that follow its name; undefined while all is well. */
  readonly refusal: string | undefined;
}

/** Takes events in the chain's order; `reset` takes all back, after a reorganisation. */
export interface EventSink {
  reset(): void;
  apply(event: ConcordatEvent): void;
  /** All events up to the present block were given. */
  settled(): void;
}

export interface EventSyncOptions {
  readonly reader: ChainReader;
  readonly cache: SegmentCache;
  readonly contracts: Readonly<Record<ContractName, Hex>>;
  readonly deploymentBlock: number;
  /** Tells old events in few requests; never needed. */
  readonly index: IndexClient | undefined;
  readonly failures: SegmentFailures;
  readonly sink: EventSink;
  readonly onStatus: (status: SyncStatus) => void;
  /**
   * What the contracts count at the block up to which all events were given, and these do not have; undefined where nothing
   * is missing. Throws where that cannot be asked just now.
   */
  readonly missing?: (block: number) => Promise<string | undefined>;
}

/**
 * Keeps the page's events equal to the chain's. Every `advance` first checks that the last block read still has the hash
 * it had, and goes back to the last one that has; so a reorganisation, an outage and a reload all end in the same place.
 * An index that fails is not asked again, and nothing counts of one that lied: the endpoint tells the rest.
 */
export class EventSync {
  readonly #options: EventSyncOptions;
  readonly #read: (log: ChainLog) => ConcordatEvent;
  #segments: readonly Segment[] | undefined;
  #head: BlockHeader | undefined;
  #heardAt = 0;
  #refusal: IndexRefused | undefined;
  #running: Promise<void> | undefined;
  #lagsAt: number | undefined;
  /** Last block up to which the events were all that the contracts count. */
  #completeTo = 0;
  /** Readings in a row whose events were not all that the contracts count. */
  #incomplete = 0;

  constructor(options: EventSyncOptions) {
    this.#options = options;
    this.#read = eventReader(options.contracts);
  }

  /** Reads what is new. Calls that overlap share one reading. Never rejects: the status tells. */
  advance(): Promise<void> {
    this.#running ??= this.#advance().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #advance(): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          this.#segments ??= await this.#restore();
          await this.#follow();
          break;
        } catch (error) {
          if (error instanceof IndexRefused) await this.#refuseIndex(error);
          else if (!(error instanceof Reorganised) || attempt >= ATTEMPTS) throw error;
        }
      }
      this.#report(undefined);
    } catch (error) {
      this.#report(error);
    }
  }

  /** The cached segments up to the last whose block still has its hash, given to the sink. */
  async #restore(): Promise<readonly Segment[]> {
    const stored = await this.#options.cache.load().catch(() => []);
    const contiguous = contiguousFrom(stored, this.#options.deploymentBlock);
    const kept = await this.#stillOnChain(beforeOther(contiguous, this.#options.index?.url));
    this.#options.sink.reset();
    for (const segment of kept) await this.#give(segment);
    this.#options.sink.settled();
    return kept;
  }

  async #follow(): Promise<void> {
    const { reader, contracts, index, failures } = this.#options;
    const head = await reader.block("latest");
    if (head === undefined) throw new EndpointBehind("The endpoint knows no block");
    const known = this.#segments ?? [];
    if (head.number < this.#syncedTo && !(await this.#isContradicted(known, head))) {
      // A backend that lags behind the one that answered before: the chain has not gone back, and nothing is taken back.
      this.#lagsAt = head.number;
      return;
    }
    this.#lagsAt = undefined;
    const kept = await this.#stillOnChain(known, head);
    this.#head = head;
    this.#heardAt = Date.now();
    if (kept.length < known.length) await this.#rewind(kept);
    const before = this.#segments ?? [];
    const addresses = Object.values(contracts);
    const settled = head.number - SETTLED_BLOCKS;
    if (index !== undefined && this.#refusal === undefined) {
      const indexed = readIndexed(index, reader, addresses, this.#syncedTo + 1, settled);
      for await (const segment of indexed) await this.#take(segment);
    }
    const rest = readSegments(reader, addresses, this.#syncedTo + 1, head, failures);
    for await (const segment of rest) await this.#take(segment);
    if (this.#syncedTo > this.#completeTo) await this.#requireAll(before);
  }

  /**
   * Takes back what was read where the contracts count more than its events tell. Where that happens again and again, the
   * missing ones are older than this reading: everything is read again.
   */
  async #requireAll(before: readonly Segment[]): Promise<void> {
    const upTo = this.#syncedTo;
    const missing = await this.#options.missing?.(upTo);
    if (missing === undefined) {
      this.#incomplete = 0;
      this.#completeTo = upTo;
      this.#options.sink.settled();
      return;
    }
    this.#incomplete++;
    await this.#rewind(this.#incomplete % READ_AGAIN === 0 ? [] : before);
    throw new EndpointBehind(`The endpoint has not told all up to block ${upTo}: it has ${missing}`);
  }

  /** Whether the endpoint's chain has another block where one is known here: proof that blocks were taken back. */
  async #isContradicted(known: readonly Segment[], head: BlockHeader): Promise<boolean> {
    const block = knownBlock(known, head.number);
    if (block === undefined) return false;
    const { number } = block;
    const header = number === head.number ? head : await this.#options.reader.block(number);
    if (header === undefined || header.hash === block.hash) return false;
    if (number === head.number) return true;
    // The block counts as the chain's once its child says so.
    const child = number + 1 === head.number ? head : await this.#options.reader.block(number + 1);
    return child?.parentHash === header.hash;
  }

  get #syncedTo(): number {
    return this.#segments?.at(-1)?.to ?? this.#options.deploymentBlock - 1;
  }

  async #take(segment: Segment): Promise<void> {
    try {
      await this.#give(segment);
    } catch (error) {
      // The events before the one that failed would be given again with the next reading.
      await this.#rewind(this.#segments ?? []);
      throw error;
    }
    await this.#append(segment);
    // A first reading is shown as it grows. Later ones only once nothing is missing in them.
    if (this.#completeTo === 0) this.#options.sink.settled();
    this.#report(undefined);
  }

  async #refuseIndex(refusal: IndexRefused): Promise<void> {
    this.#refusal = refusal;
    if (refusal.isLie) await this.#rewind(beforeOther(this.#segments ?? [], undefined));
  }

  /** The longest beginning of `segments` whose last block has the hash that it had when it was read. */
  async #stillOnChain(segments: readonly Segment[], head?: BlockHeader): Promise<readonly Segment[]> {
    for (let length = segments.length; length > 0; length--) {
      const last = segments[length - 1];
      if (last === undefined) break;
      if (head !== undefined && last.to > head.number) continue;
      const hash =
        head?.number === last.to
          ? head.hash
          : head?.number === last.to + 1
            ? head.parentHash
            : (await this.#options.reader.block(last.to))?.hash;
      // Another backend that has not heard of it proves nothing.
      if (hash === undefined && head !== undefined) {
        throw new EndpointBehind(`The endpoint does not know block ${last.to} at the moment`);
      }
      if (hash === last.toHash) return segments.slice(0, length);
    }
    return [];
  }

  async #rewind(kept: readonly Segment[]): Promise<void> {
    this.#segments = kept;
    this.#completeTo = Math.min(this.#completeTo, this.#syncedTo);
    await this.#store((kept.at(-1)?.to ?? -1) + 1, []);
    this.#options.sink.reset();
    for (const segment of kept) await this.#give(segment);
    // A chain that only took blocks back has nothing more to read.
    this.#options.sink.settled();
  }

  async #append(segment: Segment): Promise<void> {
    const { merged, from } = mergeSettled([...(this.#segments ?? []), segment]);
    this.#segments = merged;
    const first = Math.min(from, segment.from);
    await this.#store(
      first,
      merged.filter((each) => each.from >= first),
    );
  }

  /** A full or forbidden store only means that the next visit reads the chain again. */
  async #store(from: number, segments: readonly Segment[]): Promise<void> {
    await this.#options.cache.replace(from, segments).catch(() => undefined);
  }

  async #give(segment: Segment): Promise<void> {
    let sliceEnd = performance.now() + SLICE_MS;
    for (const log of segment.logs) {
      this.#apply(log, segment.index !== undefined);
      if (performance.now() < sliceEnd) continue;
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
      sliceEnd = performance.now() + SLICE_MS;
    }
  }

  /** @throws {IndexRefused} for a log of an index that makes no sense: the chain's own do. */
  #apply(log: ChainLog, isIndexed: boolean): void {
    try {
      this.#options.sink.apply(this.#read(log));
    } catch (error) {
      if (error instanceof EventError && OTHERS.has(error.fault)) return;
      throw isIndexed ? lie(`tells of an impossible event in block ${log.blockNumber}`) : error;
    }
  }

  #report(error: unknown): void {
    const { index } = this.#options;
    this.#options.onStatus({
      syncedTo: this.#syncedTo,
      completeTo: this.#completeTo,
      head: this.#head,
      heardAt: this.#heardAt,
      error,
      lagsAt: this.#lagsAt,
      index: index && {
        url: index.url,
        to: this.#segments?.findLast((segment) => segment.index !== undefined)?.to,
        refusal: this.#refusal?.message,
      },
    });
  }
}

/** The highest block up to `most` whose hash is known: the end of a segment, or one that a log stands in. */
function knownBlock(
  segments: readonly Segment[],
  most: number,
): { readonly number: number; readonly hash: Hex } | undefined {
  const segment = segments.findLast(({ from }) => from <= most);
  if (segment === undefined) return undefined;
  if (segment.to <= most) return { number: segment.to, hash: segment.toHash };
  const log = segment.logs.findLast(({ blockNumber }) => blockNumber <= most);
  if (log !== undefined) return { number: log.blockNumber, hash: log.blockHash };
  const before = segments.findLast(({ to }) => to <= most);
  return before && { number: before.to, hash: before.toHash };
}

/** The segments before the first that another index told than the one at `url`. */
function beforeOther(segments: readonly Segment[], url: string | undefined): readonly Segment[] {
  const end = segments.findIndex(({ index }) => index !== undefined && index !== url);
  return end === -1 ? segments : segments.slice(0, end);
}

function contiguousFrom(segments: readonly Segment[], first: number): readonly Segment[] {
  let next = first;
  const end = segments.findIndex((segment) => {
    const fits = segment.from === next;
    next = segment.to + 1;
    return !fits;
  });
  return end === -1 ? segments : segments.slice(0, end);
}
