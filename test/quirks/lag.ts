import type { Quirk, RpcAnswer, RpcError, RpcRequest } from "./quirkProxy.ts";

/** Which answers come from a backend that is behind. */
export type Lagging = "heads" | "calls" | "logs" | "receipts";

export interface LagOptions {
  /** Blocks that the backend is behind. */
  readonly blocks: number;
  /** By default all. */
  readonly of?: readonly Lagging[];
  /** Every n-th of these requests meets the backend that is behind, the others one that is not; 1 by default. */
  readonly every?: number;
  /** Meets it this often at most: the backend catches up, or leaves the pool. */
  readonly times?: number;
  /** Behind up to this block of the real chain only: a backend that was stopped there and does not come on. */
  readonly stoppedAt?: number;
  /** What a call at a block says that the backend has not. */
  readonly error?: RpcError;
}

const HEADER_NOT_FOUND: RpcError = { code: -32_000, message: "header not found" };
/** Where the block stands among the parameters of methods that read a state. */
const STATE_BLOCK: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
};
const KIND_OF: Readonly<Record<string, Lagging>> = {
  eth_blockNumber: "heads",
  eth_getBlockByNumber: "heads",
  eth_getBlockByHash: "heads",
  eth_getLogs: "logs",
  eth_getTransactionReceipt: "receipts",
  eth_getTransactionByHash: "receipts",
  ...Object.fromEntries(Object.keys(STATE_BLOCK).map((method) => [method, "calls"])),
};

/**
 * One endpoint before several backends of which one is some blocks behind: it gives the logs it has and no error, knows
 * neither newer blocks nor receipts, and calls the latest state what is not.
 */
export function lag(options: LagOptions): Quirk {
  const { blocks, of, every = 1, times = Number.POSITIVE_INFINITY, stoppedAt } = options;
  const { error = HEADER_NOT_FOUND } = options;
  let turn = 0;
  let met = 0;
  return {
    name: `lag of ${blocks} blocks`,
    answer: async (request, forward, tools) => {
      const kind = KIND_OF[request.method];
      if (kind === undefined || (of !== undefined && !of.includes(kind))) return forward();
      if (++turn % every !== 0 || met >= times) return forward();
      met++;
      const real = Number(await tools.ask("eth_blockNumber"));
      const head = Math.max(0, stoppedAt === undefined ? real - blocks : Math.min(real, stoppedAt));
      const change = lagged(request, head, error);
      if (change.kind === "same") {
        const answer = await forward();
        if (!isNewer(answer, head)) return answer;
        tools.strike();
        return { result: null };
      }
      tools.strike();
      return change.kind === "answer" ? change.answer : forward(change.request);
    },
  };
}

/** The endpoint's head and headers go back and forth by turns. */
export const flap = (blocks: number): Quirk => lag({ blocks, of: ["heads"], every: 2 });

type Change =
  | { readonly kind: "same" }
  | { readonly kind: "answer"; readonly answer: RpcAnswer }
  | { readonly kind: "other"; readonly request: RpcRequest };

/** What a backend at `head` makes of a request. */
function lagged(request: RpcRequest, head: number, error: RpcError): Change {
  const { method, params } = request;
  const at = (index: number, value: string): Change => {
    const changed = [...params];
    changed[index] = value;
    return { kind: "other", request: { ...request, params: changed } };
  };
  if (method === "eth_blockNumber") return { kind: "answer", answer: { result: hex(head) } };
  if (method === "eth_getBlockByNumber") {
    if (isTag(params[0])) return at(0, hex(head));
    return Number(params[0]) > head ? { kind: "answer", answer: { result: null } } : { kind: "same" };
  }
  if (method === "eth_getLogs") {
    const filter = params[0] as { fromBlock?: string; toBlock?: string; blockHash?: string };
    if (filter.blockHash !== undefined) return { kind: "same" };
    if (!isTag(filter.fromBlock) && Number(filter.fromBlock) > head) {
      return { kind: "answer", answer: { result: [] } };
    }
    if (!isTag(filter.toBlock) && Number(filter.toBlock) <= head) return { kind: "same" };
    return { kind: "other", request: { ...request, params: [{ ...filter, toBlock: hex(head) }] } };
  }
  const index = STATE_BLOCK[method];
  if (index === undefined) return { kind: "same" };
  const block = params[index];
  if (isTag(block)) return at(index, hex(head));
  const isKnown = typeof block !== "string" || Number(block) <= head;
  return isKnown ? { kind: "same" } : { kind: "answer", answer: { error } };
}

function isTag(block: unknown): boolean {
  return block === undefined || block === "latest" || block === "pending";
}

/** Whether an answer is about a block that the backend does not have: a block, a receipt, a transaction. */
function isNewer(answer: RpcAnswer, head: number): boolean {
  if (!("result" in answer) || typeof answer.result !== "object" || answer.result === null) return false;
  if (Array.isArray(answer.result)) return false;
  const { blockNumber, number } = answer.result as { blockNumber?: unknown; number?: unknown };
  const found = blockNumber ?? number;
  return typeof found === "string" && Number(found) > head;
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
