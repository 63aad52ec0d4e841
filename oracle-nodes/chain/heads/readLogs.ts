import type { Log } from "ethers";
import { readRanges } from "@concordat/protocol/events/readRanges";
import type { RangeVerdict } from "@concordat/protocol/events/readRanges";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault, type EndpointError, type EndpointFault } from "../endpoints/endpointError.ts";

/** Blocks that one question covers. */
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
 * Reads logs in ranges that endpoints answer. Ascending. Whether they are all that there are, an endpoint's word does not
 * prove: the caller compares them with what the contracts count.
 */
export async function readLogs(provider: Pick<ChainProvider, "getLogs">, query: LogQuery): Promise<Log[]> {
  const address = typeof query.address === "string" ? query.address : [...query.address];
  const topics = query.topics.map((topic) => (Array.isArray(topic) ? [...topic] : (topic as string | null)));
  const ranges = readRanges(
    {
      first: MAX_RANGE,
      widest: MAX_RANGE,
      read: (fromBlock, toBlock) => provider.getLogs({ address, topics, fromBlock, toBlock }),
      judge: (error) => (isEndpointFault(error) ? verdictOf(error) : "stop"),
    },
    query.fromBlock,
    query.toBlock,
  );
  const logs: Log[] = [];
  for await (const { answer } of ranges) logs.push(...answer);
  return logs.toSorted((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
}

function verdictOf({ fault, message }: EndpointError): RangeVerdict {
  // It took the question, and was busy with it for too long.
  if (fault === "unreachable" && /no answer within/.test(message)) return { parts: 16 };
  const parts = PARTS[fault];
  return parts === undefined ? "stop" : { parts };
}
