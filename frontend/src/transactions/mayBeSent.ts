import {
  BaseError,
  ChainMismatchError,
  HttpRequestError,
  InsufficientFundsError,
  InternalRpcError,
  InvalidInputRpcError,
  ProviderDisconnectedError,
  TimeoutError,
  UnknownRpcError,
  UserRejectedRequestError,
} from "viem";

/** Answers of a wallet after which nothing was sent, whatever else they say. */
const CERTAIN = [UserRejectedRequestError, InsufficientFundsError, ChainMismatchError] as const;
/** Answers that say that something broke on the way, not on which side of the sending. */
const OPEN = [
  HttpRequestError,
  TimeoutError,
  InternalRpcError,
  UnknownRpcError,
  ProviderDisconnectedError,
  // -32000, which nodes and wallets use for anything: a reset connection, a transaction that they know already.
  InvalidInputRpcError,
] as const;

/**
 * Whether a wallet's error leaves open that the transaction is on its way: its endpoint broke off, repeated or refused an
 * answer. Such a transaction is looked for on the chain before it may be sent again.
 */
export function mayBeSent(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const has = (kinds: readonly (abstract new (...args: never) => unknown)[]): boolean =>
    error.walk((cause) => kinds.some((kind) => cause instanceof kind)) !== null;
  return !has(CERTAIN) && has(OPEN);
}
