import { setTimeout as sleep } from "node:timers/promises";
import type { IndexFile, IndexedChain, Tip } from "./indexFile.ts";
import type { BlockHeader, IndexSource } from "./indexSource.ts";
import { ChainMovedError, readRange } from "./readRange.ts";

/** What one step did, and how far it leaves the index. */
export type IndexStep =
  | { readonly kind: "current"; readonly head: BlockHeader }
  | { readonly kind: "read"; readonly head: BlockHeader; readonly to: Tip; readonly events: number }
  /** The chain reorganised: blocks after `to` were forgotten, all of them where it is undefined. */
  | { readonly kind: "rewound"; readonly head: BlockHeader; readonly to: Tip | undefined }
  /** The chain reorganised while it was read. */
  | { readonly kind: "moved"; readonly head: BlockHeader }
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

/** Brings an index up to its chain's head, a range at a time, and keeps it there. */
export class Indexer {
  readonly #source: IndexSource;
  readonly #chain: IndexedChain;
  readonly #file: IndexFile;
  readonly #confirmations: number;
  readonly #largestRange: number;
  #range: number;

  constructor({ source, chain, file, confirmations = 0 }: IndexerOptions) {
    this.#source = source;
    this.#chain = chain;
    this.#file = file;
    this.#confirmations = confirmations;
    this.#largestRange = chain.hasAllTransactions === true ? WHOLE_RANGE : LARGEST_RANGE;
    this.#range = Math.min(FIRST_RANGE, this.#largestRange);
  }

  /** Reads the next range of blocks, or goes back to where the chain reorganised. @throws when the endpoint does not answer. */
  async step(): Promise<IndexStep> {
    const head = await this.#head();
    const { tip } = this.#file;
    if (tip !== undefined && !(await this.#isOnChain(tip, head))) {
      const to = await this.#commonAncestor(head);
      this.#file.rewind(to);
      return { kind: "rewound", head, to };
    }
    const from = (tip?.number ?? this.#chain.deploymentBlock - 1) + 1;
    if (from > head.number) return { kind: "current", head };
    const to = Math.min(head.number, from + this.#range - 1);
    try {
      const range = await readRange(this.#source, this.#chain, tip, to);
      this.#file.append(range);
      this.#adapt(to - from + 1, range.events.length);
      return { kind: "read", head, to: range.last, events: range.events.length };
    } catch (error) {
      if (error instanceof ChainMovedError) return { kind: "moved", head };
      if (to === from) throw error;
      this.#range = Math.ceil((to - from + 1) / 2);
      return { kind: "refused", head };
    }
  }

  /** Follows the chain until `signal` aborts, asking for a new head every `pollMs`; tells everything that happens. */
  async follow(pollMs: number, tell: (news: IndexNews) => void, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let pause = 0;
      try {
        const step = await this.step();
        if (failures > 0) tell({ kind: "recovered", head: step.head });
        failures = 0;
        tell(step);
        if (step.kind === "current" || step.kind === "moved") pause = pollMs;
      } catch (error) {
        if (failures === 0) tell({ kind: "failing", error });
        pause = Math.min(MAX_BACKOFF_MS, pollMs * 2 ** Math.min(failures++, 10));
      }
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
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

  async #isOnChain(block: Tip, head: BlockHeader): Promise<boolean> {
    if (block.number > head.number) return false;
    if (block.number === head.number) return block.hash === head.hash;
    return (await this.#source.header(block.number))?.hash === block.hash;
  }

  /** The last known block that is still the chain's: those below it are, those above it are not. */
  async #commonAncestor(head: BlockHeader): Promise<Tip | undefined> {
    const known = this.#file.knownBlocks();
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const block = known[middle];
      if (block !== undefined && (await this.#isOnChain(block, head))) low = middle + 1;
      else high = middle;
    }
    return known[low - 1];
  }

  /** Chooses the next range from how many events this one had. */
  #adapt(blocks: number, events: number): void {
    const fitting = events === 0 ? this.#largestRange : Math.ceil((blocks * WANTED_EVENTS) / events);
    this.#range = Math.min(this.#largestRange, this.#range * 2, fitting);
  }
}
