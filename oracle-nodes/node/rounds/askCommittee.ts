import { parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import {
  AGGREGATION_PATH,
  aggregationResponse,
  type AggregationRequest,
  type AggregationResponse,
} from "./aggregationMessages.ts";

/**
 * Milliseconds for one answer. Attesting includes recomputing an aggregate; a review is a look into memory, and since all
 * are awaited, whoever is silent on purpose must not hold up the proposer for long.
 */
const ANSWER_TIMEOUT_MS = { attest: 25_000, review: 6000 } as const;
const MAX_ANSWER_BYTES = 65_536;

/** Asks a node over the gateways in its endpoint string. Nobody's failure is an error: undefined says that no sense was had. */
export async function askCommittee(
  endpoints: string,
  request: AggregationRequest,
  signal: AbortSignal,
): Promise<AggregationResponse | undefined> {
  for (const gateway of parseEndpoints(endpoints).gateways) {
    const answer = await ask(new URL(AGGREGATION_PATH, gateway), request, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function ask(
  url: URL,
  request: AggregationRequest,
  signal: AbortSignal,
): Promise<AggregationResponse | undefined> {
  const response = await fetch(url, {
    method: "POST",
    redirect: "error",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS[request.kind])]),
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return aggregationResponse.parse(JSON.parse(Buffer.concat(chunks).toString()));
}
