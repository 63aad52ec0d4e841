import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { classifyAnswer, revertDataOf, type AnswerClass, type RefusedAnswer } from "./classifyAnswer.ts";
import { refusalOf } from "../contracts/contractError.ts";
import type { Endpoint, EndpointAnswer } from "./endpoint.ts";
import { EndpointError, faultWords, type EndpointFault } from "./endpointError.ts";
import { firstUsable } from "./firstUsable.ts";
import { PoolMember } from "./poolMember.ts";

/** Milliseconds between two tries of one read: doubled from the first to the second. */
const PAUSE_MS = [100, 3000] as const;
/** Milliseconds after which the next endpoint is asked beside one that has not answered yet. */
const NEXT_AFTER_MS = 2500;
/** Times that an endpoint may say that a call reverted without saying why, before that is told. */
const BARE_REVERTS = 3;

/** Milliseconds for each answer where every endpoint is asked. */
const EACH_MS = 5000;

/** How far an endpoint's newest block must be behind another's before the other one is preferred. */
const BEHIND = { blocks: 3, seconds: 5 } as const;

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

/**
 * Several endpoints of one chain as one: a read is asked again, with pauses and of the next endpoint, until somebody answers it
 * or the patience ends.
 */
export class EndpointPool {
  readonly #members: readonly PoolMember[];
  readonly #chainId: number | undefined;
  readonly #patienceMs: number;
  readonly #logger: Logger | undefined;
  readonly #closing = new AbortController();
  /** Who gave logs last. */
  #logsFrom: PoolMember | undefined;

  /** @param chainId What each endpoint must serve before it is asked anything else; any where it is left out. */
  constructor(
    endpoints: readonly Endpoint[],
    {
      chainId,
      patienceMs,
      logger,
    }: { readonly chainId?: number; readonly patienceMs: number; readonly logger?: Logger },
  ) {
    this.#members = endpoints.map((endpoint) => new PoolMember(endpoint, endpoints.length, logger));
    this.#chainId = chainId;
    this.#patienceMs = patienceMs;
    this.#logger = logger;
  }

  get names(): string[] {
    return this.#members.map(({ endpoint }) => endpoint.name);
  }

  health(): EndpointHealth[] {
    return this.#members.map(({ endpoint, problem, lag, answeredAt, requests }) => ({
      name: endpoint.name,
      isAnswering: problem === undefined && answeredAt !== undefined,
      problem: problem === undefined ? behindWords(lag) : faultWords(problem),
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
    let last: EndpointError | undefined;
    for (let pause: number = PAUSE_MS[0]; ; pause = Math.min(PAUSE_MS[1], pause * 2)) {
      const ready = this.#inOrder();
      const { found, failed } = await this.#askReady(ready, method, params, options, signal);
      if (found !== undefined) return found.result;
      last = failed.at(-1) ?? last;
      bareReverts += failed.filter(({ fault }) => fault === "bareRevert").length;
      const isHopeless =
        ready.length === this.#members.length &&
        failed.every(({ fault }) => LASTING.has(fault) || bareReverts >= BARE_REVERTS);
      const left = deadline - performance.now();
      if (isHopeless || left <= 0) throw last ?? this.#askForPause(method);
      const paused = Math.min(...this.#members.map(({ pausedUntil }) => pausedUntil)) - performance.now();
      const most = Math.max(pause * (0.75 + Math.random() / 2), paused);
      await sleep(Math.min(left, most), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Asks one after another, and the next beside one that keeps it waiting. */
  async #askReady(
    ready: readonly PoolMember[],
    method: string,
    params: readonly unknown[],
    options: AskOptions,
    signal: AbortSignal,
  ): Promise<{ readonly found?: { readonly result: unknown }; readonly failed: readonly EndpointError[] }> {
    const failed: EndpointError[] = [];
    const waitedFor = new Map<PoolMember, number>();
    const tries = ready.map((member) => async (either: AbortSignal) => {
      waitedFor.set(member, performance.now());
      const answer = await this.#askOne(member, method, params, either);
      waitedFor.delete(member);
      const found = answer instanceof EndpointError ? answer : lacking(answer, method, member, options);
      if (!(found instanceof EndpointError)) return found;
      failed.push(found);
      return undefined;
    });
    const found = tries.length === 0 ? undefined : await firstUsable(tries, NEXT_AFTER_MS, signal);
    const now = performance.now();
    for (const [member, since] of waitedFor)
      if (now - since >= NEXT_AFTER_MS) member.noteTrouble("unreachable");
    return { failed, ...(found !== undefined && { found }) };
  }

  /** Asks the preferred endpoint once, and says what it answered: for what must not be repeated unseen. */
  async askOnce(method: string, params: readonly unknown[], signal = this.#closing.signal): Promise<unknown> {
    const [member] = this.#inOrder();
    if (member === undefined) throw this.#askForPause(method);
    const found = await this.#askOne(member, method, params, AbortSignal.any([signal, this.#closing.signal]));
    if (found instanceof EndpointError) throw found;
    return found.result;
  }

  /**
   * Asks every endpoint that may be asked once, until each has answered or kept the others waiting for too long.
   * @returns What each answered, by the order in which they were given: of one that did not, that it does not.
   */
  async askEach(
    method: string,
    params: readonly unknown[],
    signal = this.#closing.signal,
  ): Promise<readonly ({ readonly name: string; readonly result: unknown } | EndpointError)[]> {
    return this.#askAll(this.#members, method, params, signal);
  }

  async #askAll(
    members: readonly PoolMember[],
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
  ): Promise<readonly ({ readonly name: string; readonly result: unknown } | EndpointError)[]> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const now = performance.now();
    return Promise.all(
      members.map(async (member) => {
        const { name } = member.endpoint;
        if (member.pausedUntil > now)
          return new EndpointError(name, "rateLimited", "it asked for a pause", method);
        const late = AbortSignal.timeout(EACH_MS);
        try {
          const found = await this.#askOne(member, method, params, AbortSignal.any([either, late]));
          return found instanceof EndpointError ? found : { name, result: found.result };
        } catch (error) {
          either.throwIfAborted();
          if (!late.aborted) throw error;
          member.noteTrouble("unreachable");
          return new EndpointError(name, "unreachable", `no answer within ${EACH_MS / 1000} s`, method);
        }
      }),
    );
  }

  /** Prefers another endpoint for a while to the one that gave logs last: they were not all that there are. */
  blameLogs(): void {
    if (this.#logsFrom === undefined || this.#members.length < 2) return;
    this.#logsFrom.spare();
    this.#logger?.info(
      { endpoint: this.#logsFrom.endpoint.name },
      "the chain's endpoint does not give all logs",
    );
  }

  /** Asks every endpoint once for its chain. @returns What each answered, or why it did not. */
  async chainIds(): Promise<{ readonly name: string; readonly chainId: number | EndpointError }[]> {
    const answers = await this.askEach("eth_chainId", []);
    return answers.map((answer) =>
      answer instanceof EndpointError
        ? { name: answer.endpoint, chainId: answer }
        : { name: answer.name, chainId: Number(answer.result) },
    );
  }

  /**
   * Compares the newest blocks of several endpoints, and prefers others for a while to those that are far behind.
   * @param everyMs Milliseconds until the next comparison.
   * @returns Whether one is behind.
   */
  async compareHeads(everyMs: number, signal = this.#closing.signal): Promise<boolean> {
    const now = performance.now();
    const members = this.#members.filter(
      ({ problem, sparedUntil }) => problem === undefined || sparedUntil <= now,
    );
    if (members.length < 2) return false;
    const answers = await this.#askAll(members, "eth_getBlockByNumber", ["latest", false], signal);
    const heads = answers.map((answer) => ("result" in answer ? headOf(answer.result) : undefined));
    const best = heads.reduce((a, b) => (b !== undefined && b.number > (a?.number ?? -1) ? b : a), undefined);
    for (const [i, head] of heads.entries()) {
      if (head === undefined || best === undefined) continue;
      const blocks = best.number - head.number;
      const isBehind = blocks >= BEHIND.blocks && best.timestamp - head.timestamp >= BEHIND.seconds;
      members[i]?.noteLag(isBehind ? blocks : 0, everyMs * 3);
    }
    return members.some(({ lag }) => lag > 0);
  }

  close(): void {
    this.#closing.abort(new Error("The chain connection was closed"));
    for (const { endpoint } of this.#members) endpoint.close();
  }

  /** What is said where every endpoint asked for a pause that is not over: nobody was asked. */
  #askForPause(method: string): EndpointError {
    return new EndpointError(this.names.join(", "), "rateLimited", "it asked for a pause", method);
  }

  /** Those that may be asked now, as they were given, but those that are well first. */
  #inOrder(): PoolMember[] {
    const now = performance.now();
    const isSpared = (member: PoolMember): number => Number(member.sparedUntil > now);
    const ready = this.#members.filter(({ pausedUntil }) => pausedUntil <= now);
    const inOrder = ready.toSorted((a, b) => isSpared(a) - isSpared(b));
    const [first] = inOrder;
    // Whether one that was in trouble is well again, one question finds out; the others do not wait for it.
    if (first?.problem !== undefined && inOrder.length > 1) first.spare();
    return inOrder;
  }

  async #askOne(
    member: PoolMember,
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

  async #checkChain(member: PoolMember, signal: AbortSignal): Promise<EndpointError | undefined> {
    const found = await this.#request(member, "eth_chainId", [], signal);
    if (found instanceof EndpointError) return found;
    if (Number(found.result) === this.#chainId) {
      member.isChecked = true;
      return undefined;
    }
    member.noteTrouble("wrongChain");
    const detail = `chain ${Number(found.result)}, not ${this.#chainId}`;
    return new EndpointError(member.endpoint.name, "wrongChain", detail);
  }

  /** @throws {ContractError} when a contract refused; the signal's reason. */
  async #request(
    member: PoolMember,
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
  ): Promise<{ readonly result: unknown } | EndpointError> {
    const { endpoint } = member;
    signal.throwIfAborted();
    const answer = await member.queue.add(
      async (): Promise<EndpointAnswer> => {
        member.requests++;
        return endpoint.ask(method, params, signal);
      },
      { signal },
    );
    if (answer.kind === "result") {
      member.noteWell();
      if (method === "eth_getLogs") this.#logsFrom = member;
      return { result: answer.result };
    }
    if (answer.kind === "silent") {
      // An endpoint that broke off may come back as another.
      member.isChecked = false;
      member.noteTrouble("unreachable");
      return new EndpointError(endpoint.name, "unreachable", answer.reason, method);
    }
    return this.#refused(member, params, answer.refused, answer.retryAfterMs);
  }

  #refused(
    member: PoolMember,
    params: readonly unknown[],
    refused: RefusedAnswer,
    retryAfterMs = 0,
  ): EndpointError {
    const found: AnswerClass = classifyAnswer(refused);
    if (found === "reverted") {
      member.noteWell();
      throw refusalOf(params, revertDataOf(refused) ?? "0x");
    }
    if (SPARED.has(found)) member.noteTrouble(found);
    else member.noteAnswer();
    if (retryAfterMs > 0) member.pausedUntil = performance.now() + retryAfterMs;
    return new EndpointError(member.endpoint.name, found, refused.message, refused.method);
  }
}

function behindWords(lag: number): string | undefined {
  return lag > 0 ? `is ${lag} blocks behind the others` : undefined;
}

function headOf(block: unknown): { readonly number: number; readonly timestamp: number } | undefined {
  if (typeof block !== "object" || block === null || !("number" in block && "timestamp" in block))
    return undefined;
  const [number, timestamp] = [Number(block.number), Number(block.timestamp)];
  return Number.isSafeInteger(number) && Number.isSafeInteger(timestamp) ? { number, timestamp } : undefined;
}

/** A result as it is, or what it lacks as the fault of a backend that is behind. */
function lacking(
  answer: { readonly result: unknown },
  method: string,
  { endpoint }: PoolMember,
  { lacks }: AskOptions,
): { readonly result: unknown } | EndpointError {
  const missing = lacks?.(answer.result);
  return missing === undefined ? answer : new EndpointError(endpoint.name, "behind", missing, method);
}
