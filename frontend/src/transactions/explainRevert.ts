import { BaseError, ContractFunctionRevertedError, InsufficientFundsError, decodeErrorResult } from "viem";
import type { Abi, Hex, PublicClient, TransactionReceipt } from "viem";
import { ConcordatError } from "../../../protocol/errors.ts";
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
  if (decoded === undefined || reverted.reason !== undefined) {
    const reason = reverted.reason ?? reverted.signature;
    if (reason === undefined) {
      return {
        message:
          "The endpoint says that this would fail, but gives no reason of the contract’s. Nothing was sent.",
        hint: "It may be behind the chain: try again in a moment.",
      };
    }
    return {
      message: `The contract refused this (${reason}). Nothing was sent.`,
      hint: "Load the page again: the chain may have moved on.",
    };
  }
  return {
    message: wordsOf(decoded) ?? `The contract refused this: ${decoded.errorName}.`,
    hint: "Nothing was sent.",
  };
}

/** Why a mined transaction did nothing: what its call says on the state that its block left, which is all that can be asked. */
export async function explainMinedRevert(
  client: PublicClient,
  { transactionHash, blockNumber, gasUsed }: TransactionReceipt,
): Promise<ConcordatError> {
  const sent = await client.getTransaction({ hash: transactionHash }).catch(() => undefined);
  if (sent !== undefined && gasUsed >= sent.gas) {
    return new ConcordatError("The transaction ran out of gas, so nothing changed but the fee is spent", {
      hint: "Try again, with the gas limit that this page proposes",
    });
  }
  const reason =
    sent &&
    (await client
      .call({ account: sent.from, to: sent.to, data: sent.input, value: sent.value, blockNumber })
      .then(() => undefined, reasonOf));
  return new ConcordatError(
    `The contract refused this when it was mined, so nothing changed but the fee is spent${reason === undefined ? "" : `. ${reason}`}`,
    { hint: "The chain had moved on since the check: look at the page again, then try once more" },
  );
}

function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const found = error.walk((cause) => typeof (cause as { data?: unknown }).data === "string");
  const decoded = decode((found as { data?: Hex } | null)?.data);
  if (decoded === undefined) return undefined;
  const { errorName, args = [] } = decoded;
  return wordsOf(decoded) ?? `It says ${errorName}(${args.map(String).join(", ")}).`;
}

interface DecodedError {
  readonly errorName: string;
  readonly args?: readonly unknown[] | undefined;
}

function wordsOf({ errorName, args = [] }: DecodedError): string | undefined {
  return ERROR_WORDS[errorName]?.(args);
}

function decode(data: Hex | undefined): DecodedError | undefined {
  if (data === undefined || data === "0x") return undefined;
  try {
    return decodeErrorResult({ abi: ERRORS_ABI as Abi, data });
  } catch {
    return undefined;
  }
}
