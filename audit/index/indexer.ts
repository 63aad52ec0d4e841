import { setTimeout as sleep } from "node:timers/promises";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { RangeWidth } from "@concordat/protocol/events/rangeWidth";
import { findEventGaps } from "../reading/eventGaps.ts";
import type { EventGap } from "../reading/eventGaps.ts";
import { viewReader } from "../reading/views.ts";
import type { IndexFile, Tip } from "./indexFile.ts";
import type { IndexedChain } from "./indexedChain.ts";
import type { BlockHeader, IndexSource } from "./indexSource.ts";
import { ChainMovedError, readRange } from "./readRange.ts";
import { firstUnknownLog } from "./recheckLogs.ts";

/** What one step did, and how far it leaves the index. */
export type IndexStep =
  /**
   * The index reaches the head, and has as many events as the contracts count; `isVerified` is false where the endpoint no
   * longer has the state to count at.
   */
  | { readonly kind: "current"; readonly head: BlockHeader; readonly isVerified: boolean }
  | { readonly kind: "read"; readonly head: BlockHeader; readonly to: Tip; readonly events: number }
  /** Fewer events than the contracts count, though every block was read: logs are read again. */
  | { readonly kind: "incomplete"; readonly head: BlockHeader; readonly gaps: readonly EventGap[] }
  /** Blocks after `to` were forgotten, all of them where it is undefined, since others took their place or had more logs. */
  | {
      readonly kind: "rewound";
      readonly head: BlockHeader;
      readonly to: Tip | undefined;
      readonly why: "reorganised" | "incomplete";
    }
  /** The chain reorganised while it was read, or the endpoint does not have all of what it named. */
  | { readonly kind: "moved"; readonly head: BlockHeader }
  /** The endpoint does not have the index's last block (yet), and no other in its place. */
  | { readonly kind: "behind"; readonly head: BlockHeader; readonly tip: Tip }
  /** The endpoint does not answer for so many blocks; fewer are asked for next. */
  | { readonly kind: "refused"; readonly head: BlockHeader };

/** What happens while an index follows its chain. */
export type IndexNews =
  | IndexStep
  | { readonly kind: "failing"; readonly error: unknown }
  | { readonly kind: "recovered"; readonly head: BlockHeader };

export interface IndexerOptions {
  readonly source: IndexSource;
  readonly chain: IndexedChain;
  readonly file: IndexFile;
  /** Blocks that must lie on top of what is read, 0 to read the newest. */
  readonly confirmations?: number;
  /** Milliseconds after which the newest blocks' logs are read once more while no other block comes. */
  readonly recheckMs?: number;
}

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 1_000;
const LARGEST_RANGE = 50_000;
/** Blocks read at a time where each is read as a whole. */
const WHOLE_RANGE = 500;
/** Events that a range should have: what is held in memory at a time. */
const WANTED_EVENTS = 1_000;
/** Milliseconds between two tries while the endpoint does not answer, at most. */
const MAX_BACKOFF_MS = 30_000;
/** Blocks below the head whose logs count as provisional: a backend that is behind is so by a few. */
const PROVISIONAL_BLOCKS = 32;
/** Blocks whose logs are read again when events are missing; every fourth time all are. */
const RECENT_BLOCKS = 256;
const ALL_EVERY = 4;
const RECHECK_MS = 15_000;
/** How many times narrower ranges are when something was missing. */
const NARROWER = 4;

/** Brings an index up to its chain's head, a range at a time, and keeps it there. */
export class Indexer {
  readonly #source: IndexSource;
  readonly #chain: IndexedChain;
  readonly #file: IndexFile;
  readonly #confirmations: number;
  readonly #largestRange: number;
  readonly #recheckMs: number;
  readonly #range: RangeWidth;
  /** Blocks of one question at most: fewer when something was missing, since some endpoints cut long answers short. */
  #widest: number;
  /** The last block whose logs were read when it was deep enough, or read twice. */
  #settled: number;
  /** The tip at which the contracts' counts were found, and whether there was a state to count at. */
  #verified: { readonly hash: string; readonly isVerified: boolean } | undefined;
  /** The last block at which the counts were right. */
  #trusted: number;
  /** Ended tasks whose events were found to be all there. */
  readonly #whole = new Set<number>();
  /** Times in a row that events were missing. */
  #incomplete = 0;
  /** The tip whose provisional blocks were read again, and when it was read first. */
  #rechecked: { readonly hash: string; readonly readAt: number; readonly isDone: boolean } | undefined;

  constructor({ source, chain, file, confirmations = 0, recheckMs = RECHECK_MS }: IndexerOptions) {
    this.#source = source;
    this.#chain = chain;
    this.#file = file;
    this.#confirmations = confirmations;
    this.#recheckMs = recheckMs;
    this.#largestRange = chain.hasAllTransactions === true ? WHOLE_RANGE : LARGEST_RANGE;
    this.#widest = this.#largestRange;
    this.#range = new RangeWidth({ first: FIRST_RANGE, widest: this.#largestRange });
    this.#trusted = chain.deploymentBlock - 1;
    this.#settled = (file.tip?.number ?? chain.deploymentBlock - 1) - PROVISIONAL_BLOCKS;
  }

  /** Reads the next range of blocks, or goes back to where the chain reorganised. @throws when the endpoint does not answer. */
  async step(): Promise<IndexStep> {
    const head = await this.#head();
    const { tip } = this.#file;
    if (tip === undefined) return this.#readOn(head, tip);
    switch (await this.#placeOf(tip, head)) {
      case "unknown":
        return { kind: "behind", head, tip };
      case "replaced":
        return this.#reorganise(head, tip);
      case "on chain":
        return (await this.#settle(head, tip)) ?? (await this.#readOn(head, tip));
    }
  }

  /** Follows the chain until `signal` aborts, asking for a new head every `pollMs`; tells everything that happens. */
  async follow(pollMs: number, tell: (news: IndexNews) => void, signal: AbortSignal): Promise<void> {
    let failures = 0;
    let waits = 0;
    while (!signal.aborted) {
      let pause = 0;
      const backoff = (times: number): number => Math.min(MAX_BACKOFF_MS, pollMs * 2 ** Math.min(times, 10));
      try {
        const step = await this.step();
        if (failures > 0) tell({ kind: "recovered", head: step.head });
        failures = 0;
        tell(step);
        waits = WAITING.has(step.kind) ? waits + 1 : 0;
        if (step.kind === "current") pause = pollMs;
        if (waits > 0) pause = backoff(waits - 1);
      } catch (error) {
        if (failures === 0) tell({ kind: "failing", error });
        pause = backoff(failures++);
      }
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #readOn(head: BlockHeader, tip: Tip | undefined): Promise<IndexStep> {
    const from = (tip?.number ?? this.#chain.deploymentBlock - 1) + 1;
    if (from > head.number) return this.#atHead(head, tip);
    const to = Math.min(head.number, from + this.#range.blocks - 1);
    try {
      const range = await readRange(this.#source, this.#chain, tip, to);
      this.#file.append(range);
      this.#adapt(to - from + 1, range.events.length);
      const deep = Math.min(to, head.number - PROVISIONAL_BLOCKS);
      if (this.#settled >= from - 1) this.#settled = Math.max(this.#settled, deep);
      return { kind: "read", head, to: range.last, events: range.events.length };
    } catch (error) {
      if (error instanceof ChainMovedError) return { kind: "moved", head };
      if (to === from) throw error;
      this.#range.refused(to - from + 1);
      if (isEndpointFault(error) && !isEndpointFault(error, "tooLarge", "unclear", "unsupported"))
        throw error;
      return { kind: "refused", head };
    }
  }

  /** At the head: counts the events, and reads the newest blocks' logs once more after a while. */
  async #atHead(head: BlockHeader, tip: Tip | undefined): Promise<IndexStep> {
    if (tip === undefined) return { kind: "current", head, isVerified: true };
    if (this.#verified?.hash !== tip.hash) {
      const gaps = await this.#countAt(tip);
      if (gaps !== undefined && gaps.length > 0) return this.#onGaps(head, tip, gaps);
      if (this.#incomplete > 0) {
        // Who left out what is counted may have left out more.
        const rewound = await this.#recheck(head, this.#trusted + 1, tip.number);
        if (rewound !== undefined) return rewound;
      }
      this.#incomplete = 0;
      if (gaps !== undefined) this.#trusted = tip.number;
      this.#limit(Math.min(this.#largestRange, this.#widest * 2));
      this.#verified = { hash: tip.hash, isVerified: gaps !== undefined };
    }
    const now = performance.now();
    if (this.#rechecked?.hash !== tip.hash) {
      this.#rechecked = { hash: tip.hash, readAt: now, isDone: false };
    } else if (!this.#rechecked.isDone && now - this.#rechecked.readAt >= this.#recheckMs) {
      const rewound = await this.#recheck(head, this.#settled + 1, tip.number);
      if (rewound !== undefined) return rewound;
      this.#rechecked = { ...this.#rechecked, isDone: true };
    }
    return { kind: "current", head, isVerified: this.#verified.isVerified };
  }

  /** What the contracts count and the index has not; undefined where the endpoint has forgotten the state. */
  async #countAt(tip: Tip): Promise<readonly EventGap[] | undefined> {
    const { counts } = this.#file;
    const view = viewReader(this.#source, this.#chain, tip.number);
    try {
      const gaps = await findEventGaps(view, counts, (taskId) => !this.#whole.has(taskId));
      if (gaps.length === 0) {
        for (let taskId = 1; taskId <= counts.publications; taskId++) {
          if (!this.#whole.has(taskId) && counts.hasEnded(taskId)) this.#whole.add(taskId);
        }
      }
      return gaps;
    } catch (error) {
      if (isEndpointFault(error, "pruned")) return undefined;
      throw error;
    }
  }

  async #onGaps(head: BlockHeader, tip: Tip, gaps: readonly EventGap[]): Promise<IndexStep> {
    this.#incomplete++;
    const first = this.#chain.deploymentBlock;
    const span = tip.number - first + 1;
    this.#limit(Math.max(1, Math.ceil(Math.min(this.#widest, span) / NARROWER)));
    const from = this.#incomplete % ALL_EVERY === 0 ? first : Math.max(first, tip.number - RECENT_BLOCKS);
    return (await this.#recheck(head, from, tip.number)) ?? { kind: "incomplete", head, gaps };
  }

  /** Reads the logs again of blocks that were provisional and are deep enough now. */
  async #settle(head: BlockHeader, tip: Tip): Promise<IndexStep | undefined> {
    const deep = Math.min(tip.number, head.number - PROVISIONAL_BLOCKS);
    const isDue =
      deep - this.#settled >= PROVISIONAL_BLOCKS / 2 || (deep === tip.number && deep > this.#settled);
    if (!isDue) return undefined;
    const rewound = await this.#recheck(head, this.#settled + 1, deep);
    if (rewound === undefined) this.#settled = deep;
    return rewound;
  }

  /** Goes back to before the first log that the index lacks; undefined where it lacks none. */
  async #recheck(head: BlockHeader, from: number, to: number): Promise<IndexStep | undefined> {
    const first = Math.max(from, this.#chain.deploymentBlock);
    if (first > to) return undefined;
    const missing = await firstUnknownLog(this.#source, this.#chain, this.#file, first, to, this.#widest);
    if (missing === undefined) return undefined;
    const before = missing > this.#chain.deploymentBlock ? await this.#source.header(missing - 1) : undefined;
    if (before === undefined && missing > this.#chain.deploymentBlock) return { kind: "moved", head };
    return this.#rewind(head, before, "incomplete");
  }

  async #reorganise(head: BlockHeader, tip: Tip): Promise<IndexStep> {
    const ancestor = await this.#commonAncestor(head);
    if (ancestor === "unknown") return { kind: "behind", head, tip };
    return this.#rewind(head, ancestor, "reorganised");
  }

  #rewind(head: BlockHeader, to: Tip | undefined, why: "reorganised" | "incomplete"): IndexStep {
    this.#file.rewind(to);
    this.#settled = Math.min(this.#settled, to?.number ?? this.#chain.deploymentBlock - 1);
    this.#trusted = Math.min(this.#trusted, to?.number ?? this.#chain.deploymentBlock - 1);
    this.#verified = undefined;
    this.#whole.clear();
    return { kind: "rewound", head, to, why };
  }

  /** The newest block with enough blocks on top. */
  async #head(): Promise<BlockHeader> {
    const latest = await this.#source.header("latest");
    const head =
      latest === undefined || this.#confirmations === 0
        ? latest
        : await this.#source.header(Math.max(0, latest.number - this.#confirmations));
    if (head === undefined) throw new Error("The endpoint does not know its newest block");
    return head;
  }

  /**
   * Whether a block is the chain's. A backend that is behind does not have it: that says nothing. Another block in its place
   * does, and so does another block below it where the endpoint's newest is.
   */
  async #placeOf(block: Tip, head: BlockHeader): Promise<"on chain" | "replaced" | "unknown"> {
    const found = block.number === head.number ? head : await this.#source.header(block.number);
    if (found !== undefined) return found.hash === block.hash ? "on chain" : "replaced";
    const known = this.#file.knownBlocks().findLast(({ number }) => number <= head.number);
    if (known === undefined || known.number === block.number) return "unknown";
    const below = known.number === head.number ? head : await this.#source.header(known.number);
    return below === undefined || below.hash === known.hash ? "unknown" : "replaced";
  }

  /** The last known block that is still the chain's: those below it are, those above it are not. */
  async #commonAncestor(head: BlockHeader): Promise<Tip | undefined | "unknown"> {
    const known = this.#file.knownBlocks();
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const block = known[middle];
      const isAbove = block !== undefined && block.number > head.number;
      const found = block === undefined || isAbove ? undefined : await this.#source.header(block.number);
      if (!isAbove && found === undefined) return "unknown";
      if (found !== undefined && found.hash === block?.hash) low = middle + 1;
      else high = middle;
    }
    return known[low - 1];
  }

  #limit(widest: number): void {
    this.#widest = widest;
    this.#range.limit(widest);
  }

  /** Chooses the next range from how many events this one had. */
  #adapt(blocks: number, events: number): void {
    const fitting = events === 0 ? this.#largestRange : Math.ceil((blocks * WANTED_EVENTS) / events);
    this.#range.answered(fitting);
  }
}

/** Steps after which there is nothing to do but to wait and look again. */
const WAITING: ReadonlySet<IndexStep["kind"]> = new Set(["moved", "behind", "incomplete"]);
