import { BaseError, HttpRequestError } from "viem";

/**
 * Whether nobody answered at all: the endpoint is down, or the network is. viem wraps what `fetch` then throws; a bare
 * TypeError is a fault of the page.
 */
export function isOffline(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const found = error.walk((cause) => cause instanceof HttpRequestError);
  return found instanceof HttpRequestError && found.status === undefined;
}
