import type { Log } from "ethers";
import type { ChainProvider } from "./chainProvider.ts";
import { isEndpointFault, type EndpointError, type EndpointFault } from "./endpointError.ts";

/** Blocks that one question covers at first. */
const MAX_RANGE = 5000;

/**
 * By what a range is divided that was refused so. What may not be about the range was asked for as long as the provider is
 * patient already: it is divided by more, so that an endpoint that gives no logs at all is told in a few tries.
 */
const PARTS: Readonly<Partial<Record<EndpointFault, number>>> = {
  tooLarge: 2,
  unsupported: 16,
  unclear: 16,
  unavailable: 16,
  rateLimited: 16,
};

/** Which logs are wanted, from block `fromBlock` to `toBlock`, both included. */
export interface LogQuery {
  readonly address: string | readonly string[];
  readonly topics: readonly (string | readonly string[] | null)[];
  readonly fromBlock: number;
  readonly toBlock: number;
}

/**
 * Reads logs in ranges that endpoints answer: bounded at first, and divided when one is refused. Ascending. Whether they are all
 * that there are, an endpoint's word does not prove: the caller compares them with what the contracts count.
 */
export async function readLogs(provider: Pick<ChainProvider, "getLogs">, query: LogQuery): Promise<Log[]> {
  const logs: Log[] = [];
  let range = MAX_RANGE;
  for (let from = query.fromBlock; from <= query.toBlock;) {
    const to = Math.min(query.toBlock, from + range - 1);
    try {
      logs.push(
        ...(await provider.getLogs({
          address: typeof query.address === "string" ? query.address : [...query.address],
          topics: query.topics.map((topic) => (Array.isArray(topic) ? [...topic] : (topic as string | null))),
          fromBlock: from,
          toBlock: to,
        })),
      );
      from = to + 1;
    } catch (error) {
      const part = isEndpointFault(error) ? partOf(error) : undefined;
      if (to === from || part === undefined) throw error;
      range = Math.max(1, Math.floor((to - from + 1) / part));
    }
  }
  return logs.toSorted((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
}

/** By what the range is divided; undefined where that would not help. */
function partOf({ fault, message }: EndpointError): number | undefined {
  // It took the question, and was busy with it for too long.
  if (fault === "unreachable" && /no answer within/.test(message)) return 16;
  return PARTS[fault];
}
