import { BaseError, HttpRequestError } from "viem";

/**
 * Whether nobody answered at all: the endpoint is down, or the network is. viem wraps what `fetch` then throws; a bare
 * TypeError is a fault of the page.
 */
export function isOffline(error: unknown): boolean {
  const found = httpFailure(error);
  return found !== undefined && found.status === undefined;
}

function httpFailure(error: unknown): HttpRequestError | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const found = error.walk((cause) => cause instanceof HttpRequestError);
  return found instanceof HttpRequestError ? found : undefined;
}
