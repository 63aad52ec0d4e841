import { BaseError, HttpRequestError } from "viem";

/** Whether nobody answered at all: the endpoint is down, or the network is. */
export function isOffline(error: unknown): boolean {
  if (!(error instanceof BaseError)) return error instanceof TypeError;
  const found = error.walk((cause) => cause instanceof HttpRequestError);
  return found instanceof HttpRequestError && found.status === undefined;
}
