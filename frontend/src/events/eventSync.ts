import type { Hex } from "viem";
import type { BlockHeader, ChainReader } from "./chainReader.ts";
import type { ChainEvent, ContractName } from "./contracts.ts";
import { CONTRACT_NAMES } from "./contracts.ts";
import { decodeEvent } from "./decodeEvent.ts";
import { Reorganised, readSegments } from "./readSegments.ts";
import type { SegmentCache } from "./segmentCache.ts";
import { mergeSettled } from "./segmentList.ts";
import type { Segment } from "./storedLog.ts";

/** Milliseconds of decoding after which the page gets a turn. */
const SLICE_MS = 24;
/** How often a changing chain is read again before the next poll tries. */
const ATTEMPTS = 3;

/** How far the page has read. */
export interface SyncStatus {
  /** Last block whose events are on the page; one less than the deployment's before the first. */
  readonly syncedTo: number;
  /** The chain's last block, as last heard. */
  readonly head: BlockHeader | undefined;
  /** When that was heard, by this machine's clock, in milliseconds. */
  readonly heardAt: number;
  /** Why the last attempt failed; undefined while all is well. */
  readonly error: unknown;
}

/** Takes events in the chain's order; `reset` takes all back, after a reorganisation. */
export interface EventSink {
  reset(): void;
  apply(event: ChainEvent): void;
  /** All events up to the present block were given. */
  settled(): void;
}

export interface EventSyncOptions {
  readonly reader: ChainReader;
  readonly cache: SegmentCache;
  readonly contracts: Readonly<Record<ContractName, Hex>>;
  readonly deploymentBlock: number;
  /** Whether an error means that nobody answers, which no smaller range would change. */
  readonly isOffline: (error: unknown) => boolean;
  readonly sink: EventSink;
  readonly onStatus: (status: SyncStatus) => void;
}

/**
 * Keeps the page's events equal to the chain's. Every `advance` first checks that the last block read still has the hash
 * it had, and goes back to the last one that has; so a reorganisation, an outage and a reload all end in the same place.
 */
export class EventSync {
  readonly #options: EventSyncOptions;
  readonly #names: ReadonlyMap<string, ContractName>;
  #segments: readonly Segment[] | undefined;
  #head: BlockHeader | undefined;
  #heardAt = 0;
  #running: Promise<void> | undefined;

  constructor(options: EventSyncOptions) {
    this.#options = options;
    this.#names = new Map(CONTRACT_NAMES.map((name) => [options.contracts[name].toLowerCase(), name]));
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
      this.#segments ??= await this.#restore();
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#follow();
          break;
        } catch (error) {
          if (!(error instanceof Reorganised) || attempt === ATTEMPTS) throw error;
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
    const kept = await this.#stillOnChain(contiguous);
    this.#options.sink.reset();
    for (const segment of kept) await this.#give(segment);
    this.#options.sink.settled();
    return kept;
  }

  async #follow(): Promise<void> {
    const { reader, sink, contracts, deploymentBlock, isOffline } = this.#options;
    const head = await reader.block("latest");
    if (head === undefined) throw new Error("The endpoint knows no block");
    this.#head = head;
    this.#heardAt = Date.now();
    const known = this.#segments ?? [];
    const kept = await this.#stillOnChain(known, head);
    if (kept.length < known.length) await this.#rewind(kept);
    const from = (kept.at(-1)?.to ?? deploymentBlock - 1) + 1;
    const addresses = Object.values(contracts);
    for await (const segment of readSegments(reader, addresses, from, head, isOffline)) {
      await this.#give(segment);
      await this.#append(segment);
      sink.settled();
      this.#report(undefined);
    }
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
      if (hash === last.toHash) return segments.slice(0, length);
    }
    return [];
  }

  async #rewind(kept: readonly Segment[]): Promise<void> {
    this.#segments = kept;
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
      const contract = this.#names.get(log.address.toLowerCase());
      const event = contract === undefined ? undefined : decodeEvent(contract, log);
      if (event !== undefined) this.#options.sink.apply(event);
      if (performance.now() < sliceEnd) continue;
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
      sliceEnd = performance.now() + SLICE_MS;
    }
  }

  #report(error: unknown): void {
    this.#options.onStatus({
      syncedTo: this.#segments?.at(-1)?.to ?? this.#options.deploymentBlock - 1,
      head: this.#head,
      heardAt: this.#heardAt,
      error,
    });
  }
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
