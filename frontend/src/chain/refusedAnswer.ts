import { BaseError, HttpRequestError, RpcRequestError } from "viem";
import { classifyAnswer } from "@concordat/chain/endpoints/classifyAnswer";
import type { AnswerClass, RefusedAnswer } from "@concordat/chain/endpoints/classifyAnswer";

/** What an endpoint said instead of a result, and what that means by the rule that nodes go by too. */
export interface Refusal extends RefusedAnswer {
  readonly means: AnswerClass;
}

/**
 * The answer of an endpoint that stands behind an error of viem; undefined where none answered. viem's own classes are no
 * guide: it takes any error of the code -32603 to a call for the contract's, also that of a gateway whose quota is used up.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const found = error.walk((cause) => cause instanceof RpcRequestError || isRefusedByHttp(cause));
  if (found instanceof RpcRequestError) {
    const { code, data, details: message, status } = found;
    return meant({
      method: methodOf(found),
      code,
      message,
      data,
      ...(status !== undefined && { httpStatus: status }),
    });
  }
  if (found instanceof HttpRequestError && found.status !== undefined) {
    // What else comes beside a status is a page for people.
    return meant({ method: methodOf(found), httpStatus: found.status, message: "" });
  }
  return undefined;
}

/** Whether the endpoint says that requests come too fast: a smaller range would only make more of them. */
export function isRateLimited(error: unknown): boolean {
  return refusalOf(error)?.means === "rateLimited";
}

/** Whether an endpoint that refused so many blocks may answer for fewer: whatever else it says is no matter of how many. */
export function mayAnswerLess(error: unknown): boolean {
  const means = refusalOf(error)?.means;
  return means === undefined || ["tooLarge", "unavailable", "unclear", "bareRevert"].includes(means);
}

function isRefusedByHttp(cause: unknown): boolean {
  return cause instanceof HttpRequestError && cause.status !== undefined;
}

function meant(answer: RefusedAnswer): Refusal {
  return { ...answer, means: classifyAnswer(answer) };
}

/** viem keeps what was asked only in the words of its errors. */
function methodOf({ metaMessages = [] }: BaseError): string {
  return /"method":"(\w+)"/.exec(metaMessages.join("\n"))?.[1] ?? "";
}
