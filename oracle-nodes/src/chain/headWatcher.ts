import { setTimeout as sleep } from "node:timers/promises";
import type { JsonRpcProvider } from "ethers";
import type { Logger } from "pino";

/** The newest block that the endpoint knows. */
export interface Head {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Wei a gas; zero where the chain has no base fee. */
  readonly baseFeePerGas: bigint;
}

/** Milliseconds between two questions while the endpoint does not answer, at most. */
const MAX_BACKOFF_MS = 5000;

/** Follows the chain's newest block with one small question every `pollMs`; everything else waits for its changes. */
export class HeadWatcher {
  readonly #provider: JsonRpcProvider;
  readonly #pollMs: number;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<() => void>();
  #head: Head;
  #seenAt = performance.now();
  #loop: Promise<void> | undefined;

  private constructor(provider: JsonRpcProvider, pollMs: number, logger: Logger, head: Head) {
    this.#provider = provider;
    this.#pollMs = pollMs;
    this.#logger = logger;
    this.#head = head;
  }

  static async start(provider: JsonRpcProvider, pollMs: number, logger: Logger): Promise<HeadWatcher> {
    const watcher = new HeadWatcher(provider, pollMs, logger, await readHead(provider));
    watcher.#loop = watcher.#poll();
    return watcher;
  }

  get head(): Head {
    return this.#head;
  }

  /** The chain's time in unix seconds: the newest block's, and as much as has passed here since that block was seen. */
  now(): number {
    return this.#head.timestamp + Math.floor((performance.now() - this.#seenAt) / 1000);
  }

  /** Resolves when a block other than `seen` is the newest. @throws the signal's reason. */
  async after(seen: Head, signal: AbortSignal): Promise<Head> {
    while (this.#head.hash === seen.hash) await this.#change(signal);
    return this.#head;
  }

  /** Resolves when the newest block has at least this number. @throws the signal's reason. */
  async reaches(number: number, signal: AbortSignal): Promise<void> {
    while (this.#head.number < number) await this.#change(signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("The chain connection was closed"));
    await this.#loop;
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

  async #poll(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      const pause = Math.max(
        this.#pollMs,
        Math.min(MAX_BACKOFF_MS, this.#pollMs * 2 ** failures * Number(failures > 0)),
      );
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#see(await readHead(this.#provider));
        if (failures > 0) this.#logger.info("the chain's endpoint answers again");
        failures = 0;
      } catch (error) {
        if (failures === 0)
          this.#logger.warn({ error: String(error) }, "the chain's endpoint does not answer");
        failures = Math.min(failures + 1, 10);
      }
    }
  }

  #see(head: Head): void {
    if (head.hash === this.#head.hash) return;
    this.#head = head;
    this.#seenAt = performance.now();
    this.#waiting.forEach((wake) => wake());
  }
}

async function readHead(provider: JsonRpcProvider): Promise<Head> {
  const block = (await provider.send("eth_getBlockByNumber", ["latest", false])) as Record<string, string>;
  const { number = "0x0", hash = "", timestamp = "0x0", baseFeePerGas = "0x0" } = block;
  return {
    number: Number(number),
    hash,
    timestamp: Number(timestamp),
    baseFeePerGas: BigInt(baseFeePerGas),
  };
}
