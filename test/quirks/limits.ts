import type { Quirk, RpcAnswer, RpcError, RpcRequest } from "./quirkProxy.ts";

/** What an endpoint refuses to give at once. */
export interface LogLimit {
  /** Blocks that one request may span; a range of one block always passes where this is 1. */
  readonly blocks?: number;
  /** Logs that one answer may hold. */
  readonly results?: number;
  readonly error: RpcError;
}

/** Ranges or answers of eth_getLogs that are too large are refused. */
export function limitedLogs({ blocks, results, error }: LogLimit): Quirk {
  return {
    name: "limited logs",
    answer: async (request, forward, tools) => {
      if (request.method !== "eth_getLogs") return forward();
      const { fromBlock, toBlock } = request.params[0] as { fromBlock?: string; toBlock?: string };
      if (blocks !== undefined && Number(toBlock) - Number(fromBlock) >= blocks) {
        tools.strike();
        return { error };
      }
      const answer = await forward();
      if (results === undefined || !("result" in answer) || !Array.isArray(answer.result)) return answer;
      if (answer.result.length <= results) return answer;
      tools.strike();
      return { error };
    },
  };
}

/** Answers hold the first logs only and say nothing of the others, as some gateways do. */
export function truncatedLogs(most: number): Quirk {
  return {
    name: "truncated logs",
    answer: async (request, forward, tools) => {
      const answer = await forward();
      if (request.method !== "eth_getLogs" || !("result" in answer) || !Array.isArray(answer.result)) {
        return answer;
      }
      if (answer.result.length <= most) return answer;
      tools.strike();
      return { result: answer.result.slice(0, most) };
    },
  };
}

const MISSING_TRIE_NODE: RpcError = {
  code: -32_000,
  message: "missing trie node (path ) state is not available",
};
const STATE_BLOCK: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getCode: 1,
  eth_getBalance: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
};

/** States that are older than this many blocks are gone. */
export function prunedStates(kept: number, error: RpcError = MISSING_TRIE_NODE): Quirk {
  return {
    name: "pruned states",
    answer: async (request, forward, tools) => {
      const block = request.params[STATE_BLOCK[request.method] ?? -1];
      if (typeof block !== "string" || !block.startsWith("0x")) return forward();
      if (Number(block) >= Number(await tools.ask("eth_blockNumber")) - kept) return forward();
      tools.strike();
      return { error };
    },
  };
}

/**
 * The endpoint's block numbers are `by` higher than those that contracts see, as on rollups whose block.number is that of
 * the chain below.
 */
export function offsetNumbers(by: number): Quirk {
  return {
    name: "offset block numbers",
    answer: async (request, forward, tools) => {
      const params = shiftedParams(request, -by);
      tools.strike();
      if (params.some((value) => typeof value === "string" && value.startsWith("-"))) return { result: null };
      return shiftedAnswer(request.method, await forward({ ...request, params }), by);
    },
  };
}

const SHIFTED: Readonly<Record<string, number>> = {
  eth_getBlockByNumber: 0,
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getCode: 1,
  eth_getBalance: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
};

function shiftedParams({ method, params }: RpcRequest, by: number): readonly unknown[] {
  if (method === "eth_getLogs") {
    const filter = params[0] as { fromBlock?: unknown; toBlock?: unknown };
    return [
      { ...filter, fromBlock: shifted(filter.fromBlock, by), toBlock: shifted(filter.toBlock, by) },
      ...params.slice(1),
    ];
  }
  const index = SHIFTED[method];
  return params.map((value, place) => (place === index ? shifted(value, by) : value));
}

function shiftedAnswer(method: string, answer: RpcAnswer, by: number): RpcAnswer {
  if (!("result" in answer)) return answer;
  const { result } = answer;
  if (method === "eth_blockNumber") return { result: shifted(result, by) };
  const up = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const { number, blockNumber } = value as { number?: unknown; blockNumber?: unknown };
    return {
      ...value,
      ...(number !== undefined && { number: shifted(number, by) }),
      ...(blockNumber !== undefined && { blockNumber: shifted(blockNumber, by) }),
    };
  };
  return { result: Array.isArray(result) ? result.map(up) : up(result) };
}

/** A quantity of up to twelve hex digits, moved; anything else (tags, hashes) as it is. "-" marks what fell below zero. */
function shifted(value: unknown, by: number): unknown {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,12}$/i.test(value)) return value;
  const moved = Number(value) + by;
  return moved < 0 ? "-" : `0x${moved.toString(16)}`;
}
