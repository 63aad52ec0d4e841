import { setTimeout as sleep } from "node:timers/promises";
import { toQuantity } from "ethers";
import type { Logger } from "pino";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";
import { RecentBlocks, type BlockLink } from "./recentBlocks.ts";

/** The newest block that the endpoint knows. */
export interface Head {
  readonly number: number;
  readonly hash: string;
  /** Hash of the block before. */
  readonly parent: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Wei a gas; zero where the chain has no base fee. */
  readonly baseFeePerGas: bigint;
}

/** Milliseconds between two questions while the endpoint does not answer, at most. */
const MAX_BACKOFF_MS = 5000;
/** Longest pause while a task is under way, in milliseconds, on chains with slow blocks. */
const MAX_BUSY_MS = 2000;
/** Milliseconds between two questions while the endpoint announces its heads by itself: only in case it stops. */
const GUARD_MS = 30_000;
/** Milliseconds between two comparisons of several endpoints' newest blocks, while work waits for blocks and while none does. */
const COMPARE_MS = { busy: 10_000, idle: 60_000 } as const;
/** Milliseconds for one question for the newest block. */
const HEAD_PATIENCE_MS = 5000;
/** Answers in a row that must contradict the head before a chain that became shorter is believed. */
const CONTRADICTIONS = 3;
/** Blocks by which the chain's pace is judged. */
const GAPS = 16;
/** Milliseconds without a new block after which that is said. */
const STILL_MS = 120_000;

export interface HeadWatcherOptions {
  /** Milliseconds between two looks while work waits for blocks. */
  readonly pollMs: number;
  /** Milliseconds between two looks while none does. */
  readonly idlePollMs?: number;
  readonly logger: Logger;
}

/**
 * Follows the chain's newest block with one small question at a time; everything else waits for its changes. The newest block
 * never goes back by itself: an older one comes from a backend that is behind, until the chain of parents proves that another
 * branch has taken its place.
 */
export class HeadWatcher {
  readonly #provider: ChainProvider;
  readonly #options: HeadWatcherOptions;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #recent = new RecentBlocks();
  #head: Head;
  #seenAt = performance.now();
  #answeredAt = performance.now();
  /** Seconds of each of the last blocks. */
  #gaps: readonly number[] = [];
  /** Smoothed milliseconds between two blocks as they were seen; zero before the second. */
  #blockMs = 0;
  #pace: "busy" | "idle" = "busy";
  /** Announcements since the newest block was taken, and whether that one was announced: some endpoints stop without a word. */
  #announcements = 0;
  #isAnnounced = false;
  /** Whether a block was announced while a look was under way. */
  #isMissed = false;
  #comparedAt = -Infinity;
  #comparing: Promise<void> | undefined;
  #contradictions = 0;
  #isBehind = false;
  #isStill = false;
  #reorganisations = 0;
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  private constructor(provider: ChainProvider, options: HeadWatcherOptions, head: Head) {
    this.#provider = provider;
    this.#options = options;
    this.#logger = options.logger;
    this.#head = head;
    this.#recent.add(head);
    provider.pinLatest(head.number);
  }

  static async start(provider: ChainProvider, options: HeadWatcherOptions): Promise<HeadWatcher> {
    await provider.pool.compareHeads(COMPARE_MS.idle);
    const head = await readHead(provider, undefined);
    const watcher = new HeadWatcher(provider, options, head);
    watcher.#comparedAt = performance.now();
    provider.pool.onHead(() => {
      watcher.#announcements++;
      watcher.#isMissed = true;
      watcher.#wake?.();
    });
    watcher.#loop = watcher.#follow();
    return watcher;
  }

  get head(): Head {
    return this.#head;
  }

  /** How often another branch took the place of blocks that were seen. */
  get reorganisations(): number {
    return this.#reorganisations;
  }

  /** Milliseconds since the endpoint last answered what the newest block is. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
  }

  /** Seconds between two blocks by their own times, where none is left out; zero before two were seen. */
  get blockSeconds(): number {
    return this.#gaps.length === 0 ? 0 : Math.min(...this.#gaps);
  }

  /** The chain's time in unix seconds: the newest block's, and as much as has passed here since that block was seen. */
  now(): number {
    return this.#head.timestamp + Math.floor((performance.now() - this.#seenAt) / 1000);
  }

  /** Looks often while work waits for blocks, rarely while none does. */
  setPace(pace: "busy" | "idle"): void {
    const wasIdle = this.#pace === "idle";
    this.#pace = pace;
    if (wasIdle && pace === "busy") this.#wake?.();
  }

  /** Resolves when a block other than `seen` is the newest. @throws the signal's reason. */
  async after(seen: Head, signal: AbortSignal): Promise<Head> {
    while (this.#head.hash === seen.hash) await this.#change(signal);
    return this.#head;
  }

  /** Resolves when the newest block has at least this number. @throws the signal's reason. */
  async reaches(number: number, signal: AbortSignal): Promise<void> {
    if (this.#head.number < number) this.#wake?.();
    while (this.#head.number < number) await this.#change(signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("The chain connection was closed"));
    this.#wake?.();
    await this.#loop;
    await this.#comparing;
  }

  async #change(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    either.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        either.removeEventListener("abort", settle);
        if (either.aborted) reject(either.reason);
        else resolve();
      };
      this.#waiting.add(settle);
      either.addEventListener("abort", settle);
    });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      await this.#pause(failures);
      if (signal.aborted) return;
      this.#isMissed = false;
      this.#compare(signal);
      try {
        const head = await readHead(this.#provider, signal);
        this.#answeredAt = performance.now();
        failures = 0;
        await this.#consider(head, signal);
        this.#noteStillness();
      } catch (error) {
        if (signal.aborted) return;
        // The endpoints' pool says by itself when one stops answering.
        if (!isEndpointFault(error))
          this.#logger.warn({ error: String(error) }, "the newest block cannot be read");
        failures = Math.min(failures + 1, 10);
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    const { pollMs, idlePollMs = pollMs } = this.#options;
    const busyMs = Math.max(pollMs, Math.min(this.#blockMs / 4, MAX_BUSY_MS));
    const calmMs = this.#isAnnounced && this.#contradictions === 0 ? GUARD_MS : 0;
    const pace = this.#pace === "idle" ? Math.max(idlePollMs, pollMs) : busyMs;
    const backoff = failures === 0 ? 0 : Math.min(MAX_BACKOFF_MS, pollMs * 2 ** failures);
    if (this.#isMissed && failures === 0) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const ends = AbortSignal.any([woken.signal, this.#closing.signal]);
    await sleep(Math.max(pace, calmMs, backoff), undefined, { signal: ends }).catch(() => undefined);
    this.#wake = undefined;
  }

  /** Looks beside everything else whether one of several endpoints is behind the others. */
  #compare(signal: AbortSignal): void {
    const everyMs = COMPARE_MS[this.#pace];
    if (this.#comparing !== undefined || performance.now() - this.#comparedAt < everyMs) return;
    this.#comparedAt = performance.now();
    this.#comparing = this.#provider.pool
      .compareHeads(everyMs, signal)
      .then((isOneBehind) => {
        if (isOneBehind) this.#wake?.();
        return undefined;
      })
      .catch(() => undefined)
      .finally(() => (this.#comparing = undefined));
  }

  /** Takes a block as the newest, unless it is an older one of the same branch. */
  async #consider(head: Head, signal: AbortSignal): Promise<void> {
    const before = this.#head;
    if (head.hash === before.hash) {
      this.#noteBehind(0);
      this.#contradictions = 0;
      return;
    }
    if (head.number > before.number) {
      if (await this.#isOtherBranch(head, signal)) this.#noteReorganisation(head);
      return this.#take(head);
    }
    if (this.#recent.has(head) || !(await this.#isReplaced(head, signal))) {
      this.#noteBehind(before.number - head.number);
      return;
    }
    this.#noteReorganisation(head);
    this.#take(head);
  }

  /** Whether a higher block stands on another one than the head. While nobody waits for blocks, the parent alone can say so. */
  async #isOtherBranch({ number, parent }: Head, signal: AbortSignal): Promise<boolean> {
    const before = this.#head;
    if (number === before.number + 1) return parent !== before.hash;
    if (this.#pace === "idle") return false;
    const there = await readLink(this.#provider, "eth_getBlockByNumber", toQuantity(before.number), signal);
    return there !== undefined && there.hash !== before.hash;
  }

  /**
   * Whether the branch of `other`, which is no higher than the head, has taken the head's place: the head's own parents do not
   * lead to it, and the chain has another block at the head's height; or none, time and again.
   */
  async #isReplaced(other: Head, signal: AbortSignal): Promise<boolean> {
    const ancestor = await this.#recent.ancestorOf(this.#head, other.number, async (hash) =>
      readLink(this.#provider, "eth_getBlockByHash", hash, signal),
    );
    if (ancestor?.hash === other.hash) {
      this.#contradictions = 0;
      return false;
    }
    const atHeight = await readLink(
      this.#provider,
      "eth_getBlockByNumber",
      toQuantity(this.#head.number),
      signal,
    );
    if (atHeight?.hash === this.#head.hash) {
      this.#contradictions = 0;
      return false;
    }
    this.#contradictions++;
    // A block of another branch at the same height is proof; that there is none may be a backend that is behind.
    return atHeight !== undefined || this.#contradictions >= CONTRADICTIONS;
  }

  #take(head: Head): void {
    const now = performance.now();
    const blocks = Math.max(1, head.number - this.#head.number);
    const each = (now - this.#seenAt) / blocks;
    const gap = (head.timestamp - this.#head.timestamp) / blocks;
    this.#gaps = [...this.#gaps, Math.max(0, gap)].slice(-GAPS);
    this.#blockMs = this.#blockMs === 0 ? each : this.#blockMs * 0.8 + each * 0.2;
    this.#head = head;
    this.#seenAt = now;
    this.#contradictions = 0;
    this.#isAnnounced = this.#announcements > 0;
    this.#announcements = 0;
    this.#recent.add(head);
    this.#provider.pinLatest(head.number);
    this.#noteBehind(0);
    this.#waiting.forEach((wake) => wake());
  }

  #noteReorganisation(head: Head): void {
    this.#reorganisations++;
    this.#recent.forgetFrom(Math.min(head.number, this.#head.number));
    this.#logger.warn({ block: head.number, before: this.#head.number }, "the chain was reorganised");
  }

  /** Says that a backend is behind, once until none is any more. */
  #noteBehind(blocks: number): void {
    if (blocks > 0 && !this.#isBehind)
      this.#logger.info({ blocks }, "a backend of the chain's endpoint is behind");
    this.#isBehind = blocks > 0;
  }

  #noteStillness(): void {
    const ms = performance.now() - this.#seenAt;
    if (ms > STILL_MS && !this.#isStill) {
      this.#logger.warn(
        { block: this.#head.number, minutes: Math.round(ms / 60_000) },
        "no new block arrives",
      );
    }
    this.#isStill = ms > STILL_MS;
  }
}

async function readHead(provider: ChainProvider, signal: AbortSignal | undefined): Promise<Head> {
  const block = await provider.ask("eth_getBlockByNumber", ["latest", false], {
    ...(signal !== undefined && { signal, patienceMs: HEAD_PATIENCE_MS }),
    lacks: (found) => (isHeader(found) ? undefined : "its newest block"),
  });
  const { number, hash, parentHash = "", timestamp, baseFeePerGas = "0x0" } = block as Record<string, string>;
  return {
    number: Number(number),
    hash: hash ?? "",
    parent: parentHash,
    timestamp: Number(timestamp),
    baseFeePerGas: BigInt(baseFeePerGas),
  };
}

async function readLink(
  provider: ChainProvider,
  method: string,
  block: string,
  signal: AbortSignal,
): Promise<BlockLink | undefined> {
  const found = await provider
    .ask(method, [block, false], { signal, patienceMs: HEAD_PATIENCE_MS })
    .catch((error: unknown) => {
      if (isEndpointFault(error)) return null;
      throw error;
    });
  if (!isHeader(found)) return undefined;
  const { number, hash = "", parentHash = "" } = found;
  return { number: Number(number), hash, parent: parentHash };
}

function isHeader(block: unknown): block is Record<string, string> {
  return (
    typeof block === "object" &&
    block !== null &&
    "hash" in block &&
    "number" in block &&
    block.number !== null
  );
}
