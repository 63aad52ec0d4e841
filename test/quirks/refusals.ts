import type { Forward, Quirk, QuirkTools, RpcAnswer, RpcRequest } from "./quirkProxy.ts";

/** Which requests a quirk is about. All conditions must hold; without any it is about every request. */
export interface Match {
  readonly method?: string | readonly string[];
  /** First eight hex digits of a call's data, with or without 0x. */
  readonly selector?: string;
  /** Strikes this often at most. */
  readonly times?: number;
  /** Lets this many that match through first. */
  readonly after?: number;
  /** Share of those that match which it strikes, at random by the proxy's seed. */
  readonly share?: number;
  /** Strikes every n-th that matches. */
  readonly every?: number;
  readonly where?: (request: RpcRequest) => boolean;
}

/** Answers what matches with something else, without asking the endpoint. */
export function refusing(
  name: string,
  match: Match,
  answer: RpcAnswer | ((request: RpcRequest) => RpcAnswer),
): Quirk {
  return striking(name, match, async (request) => (typeof answer === "function" ? answer(request) : answer));
}

/** Lets the endpoint do what is asked, and gives something else back: what was sent has had its effect. */
export function losingAnswer(name: string, match: Match, answer: RpcAnswer = { drop: true }): Quirk {
  return striking(name, match, async (_request, forward) => {
    await forward();
    return answer;
  });
}

/** Sends what matches twice or more often, and gives the last answer back, as gateways that try again by themselves. */
export function repeating(name: string, match: Match, times = 2): Quirk {
  return striking(name, match, async (_request, forward) => {
    let answer = await forward();
    for (let sent = 1; sent < times; sent++) answer = await forward();
    return answer;
  });
}

/** Holds what matches back for some milliseconds. */
export function slow(name: string, match: Match, ms: number): Quirk {
  return striking(name, match, async (_request, forward) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return forward();
  });
}

/** Gives another result, computed from the right one. */
export function changing(
  name: string,
  match: Match,
  change: (result: unknown, request: RpcRequest) => unknown,
): Quirk {
  return striking(name, match, async (request, forward) => {
    const answer = await forward();
    return "result" in answer ? { result: change(answer.result, request) } : answer;
  });
}

/** Empty lists of logs, without an error. */
export const emptyLogs = (match: Omit<Match, "method"> = {}): Quirk =>
  changing("empty logs", { ...match, method: "eth_getLogs" }, () => []);

/** Receipts of included transactions that are not there yet. */
export const nullReceipts = (match: Omit<Match, "method"> = {}): Quirk =>
  changing("null receipts", { ...match, method: "eth_getTransactionReceipt" }, () => null);

/** Headers of blocks that exist, not known yet. */
export const nullHeaders = (match: Omit<Match, "method"> = {}): Quirk =>
  changing("null headers", { ...match, method: "eth_getBlockByNumber" }, () => null);

/** Another chain's id: one backend of a pool serves another network. */
export const wrongChainId = (chainId: number, match: Omit<Match, "method"> = {}): Quirk =>
  changing("wrong chain id", { ...match, method: "eth_chainId" }, () => `0x${chainId.toString(16)}`);

/** A count of transactions that is not up to date. */
export const laggingNonce = (by: number, match: Omit<Match, "method"> = {}): Quirk =>
  changing("lagging nonce", { ...match, method: "eth_getTransactionCount" }, (count) => {
    return `0x${Math.max(0, Number(count) - by).toString(16)}`;
  });

/** After so many requests as many as `refused` are refused, again and again: counted, so that every machine meets it. */
export function rateLimited(requests: number, refused: number, answer: RpcAnswer): Quirk {
  let count = 0;
  return {
    name: "rate limit",
    answer: async (_request, forward, tools) => {
      if (count++ % (requests + refused) < requests) return forward();
      tools.strike();
      return answer;
    },
  };
}

/** Batches of more than `max` requests are refused as a whole; 1 refuses every batch. */
export function batchesRefused(max: number, answer: RpcAnswer): Quirk {
  return {
    name: "batches refused",
    batch: (requests, tools) => {
      if (max > 1 && requests.length <= max) return undefined;
      tools.strike();
      return answer;
    },
  };
}

function striking(
  name: string,
  match: Match,
  answer: (request: RpcRequest, forward: Forward, tools: QuirkTools) => Promise<RpcAnswer>,
): Quirk {
  const strikes = matcher(match);
  return {
    name,
    answer: (request, forward, tools) => {
      if (!strikes(request, tools)) return forward();
      tools.strike();
      return answer(request, forward, tools);
    },
  };
}

function matcher(match: Match): (request: RpcRequest, tools: QuirkTools) => boolean {
  const methods = match.method === undefined ? undefined : [match.method].flat();
  const selector = match.selector?.replace(/^0x/, "").toLowerCase();
  let matched = 0;
  let struck = 0;
  return (request, tools) => {
    if (methods !== undefined && !methods.includes(request.method)) return false;
    if (selector !== undefined && selectorOf(request) !== selector) return false;
    if (match.where !== undefined && !match.where(request)) return false;
    matched++;
    if (matched <= (match.after ?? 0) || struck >= (match.times ?? Number.POSITIVE_INFINITY)) return false;
    if (match.every !== undefined && matched % match.every !== 0) return false;
    if (match.share !== undefined && tools.random() >= match.share) return false;
    struck++;
    return true;
  };
}

/** The first eight hex digits of what a call sends. */
function selectorOf({ params }: RpcRequest): string {
  const call = params[0] as { data?: unknown; input?: unknown } | undefined;
  return String(call?.data ?? call?.input ?? "")
    .slice(2, 10)
    .toLowerCase();
}
