import type { Log } from "ethers";
import type { ChainProvider } from "./chainProvider.ts";
import { isEndpointFault } from "./endpointError.ts";

/** Blocks that one question covers at first; halved while the endpoint refuses. */
const MAX_RANGE = 5000;

/** Which logs are wanted, from block `fromBlock` to `toBlock`, both included. */
export interface LogQuery {
  readonly address: string | readonly string[];
  readonly topics: readonly (string | readonly string[] | null)[];
  readonly fromBlock: number;
  readonly toBlock: number;
}

/**
 * Reads logs in ranges that endpoints answer: bounded at first, and halved when one is refused. Ascending. Whether they are all
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
      if (to === from || !isEndpointFault(error)) throw error;
      range = Math.max(1, Math.floor((to - from + 1) / 2));
    }
  }
  return logs.toSorted((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
}
