/** Milliseconds of the first pause and of the longest. */
const PAUSE_MS = [250, 5_000] as const;

/** A time for which something is tried again, with pauses that grow. It begins to run with the first pause. */
export class Patience {
  readonly #totalMs: number;
  #ends: number | undefined;
  #pauseMs: number = PAUSE_MS[0];

  /** @param totalMs Milliseconds from the first pause on. */
  constructor(totalMs: number) {
    this.#totalMs = totalMs;
  }

  /** Waits before the next try. False, at once, where the time is over. */
  async pause(): Promise<boolean> {
    this.#ends ??= performance.now() + this.#totalMs;
    const left = this.#ends - performance.now();
    if (left <= 0) return false;
    const pause = Math.min(left, this.#pauseMs);
    this.#pauseMs = Math.min(PAUSE_MS[1], this.#pauseMs * 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
    return true;
  }
}
