import { BaseError, HttpRequestError, RpcRequestError, TimeoutError, UserRejectedRequestError } from "viem";
import { ConcordatError } from "../../../protocol/errors.ts";
import { isOffline } from "../chain/offline.ts";
import { plainText } from "../ui/plainText.ts";
import { explainRevert } from "../transactions/explainRevert.ts";

/** What a reader is told: one sentence, and a way on. */
export interface Explanation {
  readonly message: string;
  readonly hint: string;
}

/** Any error of the page in plain words. `isFirstRead`: while nothing of the chain is on the page yet. */
export function explainError(error: unknown, isFirstRead = false): Explanation {
  if (error instanceof ConcordatError) {
    return { message: sentence(error.message), hint: sentence(error.hint ?? "Try again") };
  }
  if (isOffline(error)) {
    return {
      message: "The network’s endpoint does not answer.",
      hint: isFirstRead
        ? "Nothing has been read from the chain yet, so there is nothing to show; the page keeps trying."
        : "What you see is as of the last block read; the page keeps trying.",
    };
  }
  if (!(error instanceof BaseError)) {
    return {
      message: sentence(error instanceof Error ? error.message : String(error)),
      hint: "Try again, or load the page again.",
    };
  }
  // What the page itself threw, below viem: a wallet on another device that is not reached.
  const own = error.walk((cause) => cause instanceof ConcordatError);
  if (own !== null) return explainError(own);
  if (error.walk((cause) => cause instanceof UserRejectedRequestError) !== null) {
    return {
      message: "You declined this in your wallet. Nothing was sent.",
      hint: "Try again whenever you like.",
    };
  }
  const revert = explainRevert(error);
  if (revert !== undefined) return revert;
  if (error.walk((cause) => cause instanceof TimeoutError) !== null) {
    return {
      message: "The network takes too long to answer.",
      hint: "Look at the transaction in your wallet before you send it again.",
    };
  }
  const http = error.walk((cause) => cause instanceof HttpRequestError);
  if (http instanceof HttpRequestError) {
    return {
      message:
        http.status === 429
          ? "The network’s endpoint limits how often it may be asked (HTTP 429)."
          : `The network’s endpoint refused the request (HTTP ${http.status}).`,
      hint: "The page asks again, more slowly. If it stays, configure another endpoint.",
    };
  }
  const rpc = error.walk((cause) => cause instanceof RpcRequestError);
  if (rpc instanceof RpcRequestError) {
    return {
      message: `The network’s endpoint cannot answer: ${withoutAddresses(rpc.details)}.`,
      hint: "The page asks again. If it stays, configure another endpoint.",
    };
  }
  return {
    message: sentence(error.shortMessage),
    hint: "Try again; if it stays, look at the transaction in your wallet.",
  };
}

/** Endpoints like to name themselves in what they say, with the key in their address. */
function withoutAddresses(text: string): string {
  return plainText(text.replaceAll(/\b\w+:\/\/\S+/g, "(an address)"), 160).replace(/\.$/, "");
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
