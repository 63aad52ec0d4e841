import PQueue from "p-queue";
import type { Logger } from "pino";
import type { Endpoint } from "./endpoint.ts";
import { faultWords, type EndpointFault } from "./endpointError.ts";

/** Requests that are under way at one endpoint at once. */
const AT_ONCE = 16;
/** Milliseconds for which an endpoint in trouble is spared while another answers: doubled from the first to the second. */
const SPARE_MS = [15_000, 300_000] as const;
/** Milliseconds for which the same trouble of an endpoint that comes and goes is not said again. */
const SAY_AGAIN_MS = 60_000;

/** One endpoint of a pool, and what is known of it. Times are of the process's clock, in milliseconds. */
export class PoolMember {
  readonly endpoint: Endpoint;
  readonly queue = new PQueue({ concurrency: AT_ONCE });
  readonly #logger: Logger | undefined;
  /** How many endpoints the pool has. */
  readonly #of: number;
  problem: EndpointFault | undefined;
  answeredAt: number | undefined;
  requests = 0;
  /** Time until which it is spared. */
  sparedUntil = 0;
  /** Time before which it asked not to be asked. */
  pausedUntil = 0;
  /** Blocks that it was behind another endpoint of the pool when they were compared last. */
  lag = 0;
  /** Whether it was found to serve the chain that is wanted. */
  isChecked = false;
  /** Troubles since it last answered. */
  #troubles = 0;
  /** When each trouble was said last. */
  readonly #saidAt = new Map<EndpointFault, number>();
  /** Whether the present trouble was said, and how many others since the last that was. */
  #isSaid = false;
  #unsaid = 0;

  constructor(endpoint: Endpoint, of: number, logger: Logger | undefined) {
    this.endpoint = endpoint;
    this.#of = of;
    this.#logger = logger;
  }

  /** Prefers others for a while. */
  spare(ms: number = SPARE_MS[0]): void {
    this.sparedUntil = Math.max(this.sparedUntil, performance.now() + ms);
  }

  /** Notes how many blocks it is behind others, zero for none, and spares it for a while if it is. */
  noteLag(blocks: number, spareMs: number): void {
    const wasBehind = this.lag > 0;
    this.lag = blocks;
    if (blocks > 0) this.spare(spareMs);
    else if (wasBehind && this.problem === undefined) this.sparedUntil = 0;
    if (wasBehind === blocks > 0) return;
    if (blocks === 0)
      this.#logger?.info(this.#facts(), "the chain's endpoint is no longer behind the others");
    else this.#logger?.warn({ ...this.#facts(), blocks }, "the chain's endpoint is behind the others");
  }

  /** Notes that it answered, whatever it said. */
  noteAnswer(): void {
    this.answeredAt = performance.now();
  }

  /** Notes that it is well, and says so where its trouble was said. */
  noteWell(): void {
    this.noteAnswer();
    this.#troubles = 0;
    if (this.problem === undefined) return;
    this.problem = undefined;
    this.sparedUntil = 0;
    if (this.#isSaid) this.#logger?.info(this.#facts(), "the chain's endpoint answers again");
    this.#isSaid = false;
  }

  /** Notes what is wrong with it as a whole, and says so when that changed; one that comes and goes, once a minute. */
  noteTrouble(problem: EndpointFault): void {
    const now = performance.now();
    // The trouble of all that were asked at once is one.
    const isNew = problem !== this.problem || this.sparedUntil <= now;
    if (isNew) this.#troubles++;
    if (this.#of > 1) this.spare(Math.min(SPARE_MS[1], SPARE_MS[0] * 2 ** Math.max(0, this.#troubles - 1)));
    if (problem === this.problem) return;
    this.problem = problem;
    if (now - (this.#saidAt.get(problem) ?? -Infinity) < SAY_AGAIN_MS) {
      this.#unsaid++;
      return;
    }
    this.#saidAt.set(problem, now);
    this.#isSaid = true;
    const more = this.#unsaid > 0 ? { timesSince: this.#unsaid } : {};
    this.#unsaid = 0;
    this.#logger?.warn({ ...this.#facts(), ...more }, `the chain's endpoint ${faultWords(problem)}`);
  }

  #facts(): Record<string, unknown> {
    return { endpoint: this.endpoint.name, ...(this.#of > 1 && { of: this.#of }) };
  }
}
