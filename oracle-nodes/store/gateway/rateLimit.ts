/** How often one client may ask. */
export interface RateLimit {
  /** Requests a second, in the long run. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
}

/** Clients that are remembered; the one longest unseen is forgotten. */
const MAX_CLIENTS = 1024;

/** A token bucket for each client. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Whether this client may ask once more at `now`, in milliseconds. */
  allows(client: string, now: number): boolean {
    const { perSecond, burst } = this.#limit;
    const bucket = this.#buckets.get(client) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > MAX_CLIENTS) {
      for (const [oldest] of this.#buckets) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return tokens >= 1;
  }
}
