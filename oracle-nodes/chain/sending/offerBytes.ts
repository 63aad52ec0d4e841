import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { EndpointError, isEndpointFault } from "../endpoints/endpointError.ts";

/** Faults by which a pool refuses bytes for good. */
export const REFUSALS: ReadonlySet<EndpointError["fault"]> = new Set([
  "insufficientFunds",
  "gasTooLow",
  "gasTooHigh",
  "rejected",
  "underpriced",
  "unsupported",
  "unauthorised",
]);

/** Offers signed bytes to one endpoint. @returns Why it is not known that they arrived; undefined where they have. */
export async function offerOnce(
  provider: ChainProvider,
  raw: string,
  signal: AbortSignal,
): Promise<EndpointError | undefined> {
  try {
    await provider.pool.askOnce("eth_sendRawTransaction", [raw], signal);
    return undefined;
  } catch (error) {
    if (!isEndpointFault(error)) throw error;
    return error.fault === "alreadyKnown" ? undefined : error;
  }
}

/** Offers signed bytes to every endpoint: one may have let them vanish. @returns Whether one says that they arrived. */
export async function offerEverywhere(
  provider: ChainProvider,
  raw: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answers = await provider.pool.askEach("eth_sendRawTransaction", [raw], signal);
  return answers.some((answer) => !(answer instanceof EndpointError) || answer.fault === "alreadyKnown");
}
