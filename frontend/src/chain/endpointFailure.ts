import {
  BaseError,
  ContractFunctionRevertedError,
  InsufficientFundsError,
  UserRejectedRequestError,
} from "viem";
import { refusalOf } from "./refusedAnswer.ts";

/** Milliseconds of pause before each further attempt. */
const PAUSES_MS = [400, 800, 1600, 3200] as const;

/**
 * Whether an error is an answer that asking again would not change: the contract's own refusal, told by the data of its
 * revert, an account that cannot pay, or its owner's no. All else an endpoint says of itself: it limits, lags, or is busy.
 * A revert without data is none of the contract's: endpoints that lag, or know no state, say so too.
 */
export function isFinalAnswer(error: unknown): boolean {
  if (!(error instanceof BaseError)) return true;
  const means = refusalOf(error)?.means;
  if (means !== undefined) return means === "reverted" || means === "insufficientFunds";
  return (
    error.walk(
      (cause) =>
        cause instanceof UserRejectedRequestError ||
        cause instanceof InsufficientFundsError ||
        isContractRefusal(cause),
    ) !== null
  );
}

function isContractRefusal(cause: unknown): boolean {
  if (!(cause instanceof ContractFunctionRevertedError)) return false;
  const { raw, data, reason } = cause;
  return data !== undefined || reason !== undefined || (raw !== undefined && raw !== "0x");
}

/** Asks again, with pauses, while only the endpoint has failed. @throws the last failure. */
export async function askAgain<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (isFinalAnswer(error)) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
    }
  }
  return work();
}
