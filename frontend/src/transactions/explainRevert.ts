import { BaseError, ContractFunctionRevertedError, InsufficientFundsError, decodeErrorResult } from "viem";
import type { Abi, Hex } from "viem";
import { ERRORS_ABI } from "./contractAbi.ts";
import { ERROR_WORDS } from "./errorWords.ts";

/** What a contract refused, in plain words; undefined for an error that is no refusal. */
export function explainRevert(error: BaseError): { message: string; hint: string } | undefined {
  if (error.walk((cause) => cause instanceof InsufficientFundsError) !== null) {
    return {
      message: "Your account cannot pay for the gas.",
      hint: "Send it some of the network's currency, then try again.",
    };
  }
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return undefined;
  const decoded = reverted.data ?? decode(reverted.raw);
  if (decoded === undefined) {
    const reason = reverted.reason ?? reverted.signature ?? "without a reason";
    return {
      message: `The contract refused this (${reason}). Nothing was sent.`,
      hint: "Load the page again: the chain may have moved on.",
    };
  }
  const words = ERROR_WORDS[decoded.errorName]?.(decoded.args ?? []);
  return {
    message: words ?? `The contract refused this: ${decoded.errorName}.`,
    hint: "Nothing was sent.",
  };
}

interface DecodedError {
  readonly errorName: string;
  readonly args?: readonly unknown[] | undefined;
}

function decode(data: Hex | undefined): DecodedError | undefined {
  if (data === undefined || data === "0x") return undefined;
  try {
    return decodeErrorResult({ abi: ERRORS_ABI as Abi, data });
  } catch {
    return undefined;
  }
}
