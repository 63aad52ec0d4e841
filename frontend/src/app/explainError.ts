import { BaseError, TimeoutError, UserRejectedRequestError } from "viem";
import { revertDataOf } from "@concordat/chain/endpoints/classifyAnswer";
import { ConcordatError } from "@concordat/protocol/errors";
import { isOffline } from "../chain/offline.ts";
import { refusalOf, type Refusal } from "../chain/refusedAnswer.ts";
import { plainText } from "../ui/plainText.ts";
import {
  NO_FUNDS,
  explainBareRevert,
  explainRevert,
  explainRevertData,
} from "../transactions/explainRevert.ts";
import { ENDPOINT_WORDS } from "./endpointWords.ts";
import type { Explanation } from "./explanation.ts";

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
  const refusal = refusalOf(error);
  if (refusal !== undefined) return explainRefusal(refusal);
  const revert = explainRevert(error);
  if (revert !== undefined) return revert;
  if (error.walk((cause) => cause instanceof TimeoutError) !== null) {
    return {
      message: "The network is taking too long to answer.",
      hint: "Look at the transaction in your wallet before you send it again.",
    };
  }
  return {
    message: sentence(error.shortMessage),
    hint: "Try again; if this persists, look at the transaction in your wallet.",
  };
}

function explainRefusal(refusal: Refusal): Explanation {
  const { means, message } = refusal;
  switch (means) {
    case "reverted":
      return explainRevertData(revertDataOf(refusal));
    case "bareRevert":
      return explainBareRevert(withoutAddresses(message));
    case "insufficientFunds":
      return NO_FUNDS;
    case "unreachable":
    case "unclear":
      return {
        message: `The network’s endpoint cannot answer: ${withoutAddresses(message)}.`,
        hint: "The page asks again. If this persists, configure another endpoint.",
      };
    default:
      return ENDPOINT_WORDS[means];
  }
}

/** Endpoints like to name themselves in what they say, with the key in their address. */
function withoutAddresses(text: string): string {
  return plainText(text.replaceAll(/\b\w+:\/\/\S+/g, "(an address)"), 160).replace(/\.$/, "");
}

function sentence(text: string): string {
  // The name of a file stays as it is.
  const begun = /^[\w-]+\.\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
