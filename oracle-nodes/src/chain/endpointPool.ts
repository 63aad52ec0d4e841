import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import type { Logger } from "pino";
import { classifyAnswer, revertDataOf, type AnswerClass, type RefusedAnswer } from "./classifyAnswer.ts";
import { refusalOf } from "./contractError.ts";
import type { Endpoint, EndpointAnswer } from "./endpoint.ts";
import { EndpointError, faultWords, type EndpointFault } from "./endpointError.ts";

/** Milliseconds between two tries of one read: doubled from the first to the second. */
const PAUSE_MS = [100, 3000] as const;
/** Milliseconds for which an endpoint in trouble is spared while another answers. */
const SPARE_MS = 15_000;
/** Requests that are under way at one endpoint at once. */
const AT_ONCE = 16;
/** Times that an endpoint may say that a call reverted without saying why, before that is told. */
const BARE_REVERTS = 3;

/** What an endpoint was like when it was asked last. */
export interface EndpointHealth {
  readonly name: string;
  readonly isAnswering: boolean;
  /** What is wrong, in words; undefined while it answers. */
  readonly problem: string | undefined;
  /** Milliseconds of the process's clock at which it last gave an answer, if ever. */
  readonly answeredAt: number | undefined;
  readonly requests: number;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for which the question is asked again and again. */
  readonly patienceMs?: number;
  /** Says what a result lacks that only a backend gives that is behind; undefined for one that can be used. */
  readonly lacks?: (result: unknown) => string | undefined;
}

/** Faults that no waiting mends: the next endpoint is asked, and where all say so it is told at once. */
const LASTING: ReadonlySet<EndpointFault> = new Set([
  "unsupported",
  "unauthorised",
  "tooLarge",
  "batchRefused",
  "wrongChain",
  "insufficientFunds",
  "gasTooLow",
  "gasTooHigh",
  "rejected",
]);
/** Faults of an endpoint as a whole, for which another is preferred for a while. */
const SPARED: ReadonlySet<EndpointFault> = new Set([
  "unreachable",
  "rateLimited",
  "unavailable",
  "unauthorised",
  "wrongChain",
]);

/** One endpoint, and what is known of it. */
class Member {
  readonly endpoint: Endpoint;
  readonly queue = new PQueue({ concurrency: AT_ONCE });
  problem: EndpointFault | undefined;
  answeredAt: number | undefined;
  requests = 0;
  /** Time until which it is spared. */
  sparedUntil = 0;
  /** Time before which it asked not to be asked. */
  pausedUntil = 0;
  /** Whether it was found to serve the chain that is wanted. */
  isChecked = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }
}

/**
 * Several endpoints of one chain as one: a read is asked again, with pauses and of the next endpoint, until somebody answers it
 * or the patience ends.
 */
export class EndpointPool {
  readonly #members: readonly Member[];
  readonly #chainId: number | undefined;
  readonly #patienceMs: number;
  readonly #logger: Logger | undefined;
  readonly #closing = new AbortController();
  /** Who gave logs last. */
  #logsFrom: Member | undefined;

  /** @param chainId What each endpoint must serve before it is asked anything else; any where it is left out. */
  constructor(
    endpoints: readonly Endpoint[],
    {
      chainId,
      patienceMs,
      logger,
    }: { readonly chainId?: number; readonly patienceMs: number; readonly logger?: Logger },
  ) {
    this.#members = endpoints.map((endpoint) => new Member(endpoint));
    this.#chainId = chainId;
    this.#patienceMs = patienceMs;
    this.#logger = logger;
  }

  get names(): string[] {
    return this.#members.map(({ endpoint }) => endpoint.name);
  }

  health(): EndpointHealth[] {
    return this.#members.map(({ endpoint, problem, answeredAt, requests }) => ({
      name: endpoint.name,
      isAnswering: problem === undefined && answeredAt !== undefined,
      problem: problem && faultWords(problem),
      answeredAt,
      requests,
    }));
  }

  /** Calls for new heads that endpoints announce. False where none does. */
  onHead(listener: () => void): boolean {
    const announcing = this.#members.flatMap(({ endpoint }) => endpoint.onHead ?? []);
    for (const listen of announcing) listen(listener);
    return announcing.length > 0;
  }

  /**
   * Asks until it is answered.
   * @throws {ContractError} for a contract's own refusal.
   * @throws {EndpointError} when no endpoint answers for as long as the patience lasts, or all say what no waiting mends.
   */
  async ask(method: string, params: readonly unknown[], options: AskOptions = {}): Promise<unknown> {
    const { patienceMs = this.#patienceMs } = options;
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#closing.signal])
      : this.#closing.signal;
    const deadline = performance.now() + patienceMs;
    let bareReverts = 0;
    for (let pause: number = PAUSE_MS[0]; ; pause = Math.min(PAUSE_MS[1], pause * 2)) {
      let last: EndpointError | undefined;
      let isHopeless = true;
      for (const member of this.#inOrder()) {
        const answer = await this.#askOne(member, method, params, signal);
        const found = answer instanceof EndpointError ? answer : lacking(answer, method, member, options);
        if (!(found instanceof EndpointError)) return found.result;
        last = found;
        if (found.fault === "bareRevert") bareReverts++;
        isHopeless &&= LASTING.has(found.fault) || bareReverts >= BARE_REVERTS;
      }
      const left = deadline - performance.now();
      if (last !== undefined && (isHopeless || left <= 0)) throw last;
      const paused = Math.min(...this.#members.map(({ pausedUntil }) => pausedUntil)) - performance.now();
      const most = Math.max(pause * (0.75 + Math.random() / 2), paused);
      await sleep(Math.max(0, Math.min(left, most)), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
  }

  /**
   * Asks one endpoint once, and says what it answered: for what must not be repeated unseen.
   * @param nth Which one, counted from the preferred.
   */
  async askOnce(
    method: string,
    params: readonly unknown[],
    nth = 0,
    signal = this.#closing.signal,
  ): Promise<unknown> {
    const members = this.#inOrder();
    const member = members[nth % members.length];
    if (member === undefined) throw new TypeError("There is no endpoint");
    const found = await this.#askOne(member, method, params, AbortSignal.any([signal, this.#closing.signal]));
    if (found instanceof EndpointError) throw found;
    return found.result;
  }

  /** Prefers another endpoint for a while to the one that gave logs last: they were not all that there are. */
  blameLogs(): void {
    if (this.#logsFrom === undefined || this.#members.length < 2) return;
    this.#logsFrom.sparedUntil = performance.now() + SPARE_MS;
    this.#logger?.info(
      { endpoint: this.#logsFrom.endpoint.name },
      "the chain's endpoint does not give all logs",
    );
  }

  /** Asks every endpoint once for its chain. @returns What each answered, or why it did not. */
  async chainIds(): Promise<{ readonly name: string; readonly chainId: number | EndpointError }[]> {
    return Promise.all(
      this.#members.map(async (member) => {
        const found = await this.#request(member, "eth_chainId", [], this.#closing.signal);
        const chainId = found instanceof EndpointError ? found : Number(found.result);
        return { name: member.endpoint.name, chainId };
      }),
    );
  }

  close(): void {
    this.#closing.abort(new Error("The chain connection was closed"));
    for (const { endpoint } of this.#members) endpoint.close();
  }

  /** Those that are well first, as they were given. */
  #inOrder(): Member[] {
    const now = performance.now();
    const isSpared = (member: Member): number => Number(member.sparedUntil > now);
    const ready = this.#members.filter(({ pausedUntil }) => pausedUntil <= now);
    return ready.toSorted((a, b) => isSpared(a) - isSpared(b));
  }

  async #askOne(
    member: Member,
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
  ): Promise<{ readonly result: unknown } | EndpointError> {
    if (this.#chainId !== undefined && !member.isChecked && method !== "eth_chainId") {
      const wrong = await this.#checkChain(member, signal);
      if (wrong !== undefined) return wrong;
    }
    return this.#request(member, method, params, signal);
  }

  async #checkChain(member: Member, signal: AbortSignal): Promise<EndpointError | undefined> {
    const found = await this.#request(member, "eth_chainId", [], signal);
    if (found instanceof EndpointError) return found;
    if (Number(found.result) === this.#chainId) {
      member.isChecked = true;
      return undefined;
    }
    this.#note(member, "wrongChain");
    const detail = `chain ${Number(found.result)}, not ${this.#chainId}`;
    return new EndpointError(member.endpoint.name, "wrongChain", detail);
  }

  /** @throws {ContractError} when a contract refused; the signal's reason. */
  async #request(
    member: Member,
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
  ): Promise<{ readonly result: unknown } | EndpointError> {
    const { endpoint } = member;
    signal.throwIfAborted();
    const answer = await member.queue.add(async (): Promise<EndpointAnswer> => {
      member.requests++;
      return endpoint.ask(method, params, signal);
    });
    if (answer.kind === "result") {
      this.#note(member, undefined);
      if (method === "eth_getLogs") this.#logsFrom = member;
      return { result: answer.result };
    }
    if (answer.kind === "silent") {
      // An endpoint that broke off may come back as another.
      member.isChecked = false;
      this.#note(member, "unreachable");
      return new EndpointError(endpoint.name, "unreachable", answer.reason, method);
    }
    return this.#refused(member, params, answer.refused, answer.retryAfterMs);
  }

  #refused(
    member: Member,
    params: readonly unknown[],
    refused: RefusedAnswer,
    retryAfterMs = 0,
  ): EndpointError {
    const found: AnswerClass = classifyAnswer(refused);
    if (found === "reverted") {
      this.#note(member, undefined);
      throw refusalOf(params, revertDataOf(refused) ?? "0x");
    }
    if (SPARED.has(found)) this.#note(member, found);
    else member.answeredAt = performance.now();
    if (retryAfterMs > 0) member.pausedUntil = performance.now() + retryAfterMs;
    return new EndpointError(member.endpoint.name, found, refused.message, refused.method);
  }

  /** Notes how an endpoint is, and says so when that changed. */
  #note(member: Member, problem: EndpointFault | undefined): void {
    const now = performance.now();
    if (problem === undefined) {
      member.answeredAt = now;
      if (member.problem !== undefined) member.sparedUntil = 0;
    } else if (this.#members.length > 1) member.sparedUntil = now + SPARE_MS;
    if (problem === member.problem) return;
    const { name } = member.endpoint;
    const others = this.#members.length > 1 ? { of: this.#members.length } : {};
    member.problem = problem;
    if (problem === undefined)
      this.#logger?.info({ endpoint: name, ...others }, "the chain's endpoint answers again");
    else this.#logger?.warn({ endpoint: name, ...others }, `the chain's endpoint ${faultWords(problem)}`);
  }
}

/** A result as it is, or what it lacks as the fault of a backend that is behind. */
function lacking(
  answer: { readonly result: unknown },
  method: string,
  { endpoint }: Member,
  { lacks }: AskOptions,
): { readonly result: unknown } | EndpointError {
  const missing = lacks?.(answer.result);
  return missing === undefined ? answer : new EndpointError(endpoint.name, "behind", missing, method);
}
