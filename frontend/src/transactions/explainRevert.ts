import { BaseError, ContractFunctionRevertedError, InsufficientFundsError, decodeErrorResult } from "viem";
import type { Abi, Hex, PublicClient, TransactionReceipt } from "viem";
import { ConcordatError } from "@concordat/protocol/errors";
import { ERRORS_ABI } from "./contractAbi.ts";
import { plainText } from "../ui/plainText.ts";
import { ERROR_WORDS } from "./errorWords.ts";

/** One sentence, and a way on. */
interface Told {
  readonly message: string;
  readonly hint: string;
}

export const NO_FUNDS: Told = {
  message: "Your account cannot pay for the gas.",
  hint: "Send it some of the network's currency, then try again.",
};

/** What a contract refused, in plain words; undefined for an error that is no refusal. */
export function explainRevert(error: BaseError): Told | undefined {
  if (error.walk((cause) => cause instanceof InsufficientFundsError) !== null) return NO_FUNDS;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return undefined;
  const { data, raw, reason, signature } = reverted;
  const decoded = data ?? decode(raw);
  if (decoded !== undefined && reason === undefined) return explainDecoded(decoded);
  const words = reason ?? signature;
  return words === undefined ? explainBareRevert() : refusedFor(words);
}

/** The same, of the bytes with which a contract refused. */
export function explainRevertData(data: string | undefined): Told {
  const decoded = decode(data as Hex | undefined);
  if (decoded !== undefined) return explainDecoded(decoded);
  return data === undefined ? explainBareRevert() : refusedFor(data.slice(0, 10));
}

/** Of an endpoint that says of a call that it would fail, in these words, without the data that would prove it. */
export function explainBareRevert(words?: string): Told {
  const said = words === undefined || words === "" ? "" : ` (it says: ${words})`;
  return {
    message: `The endpoint says that this would fail, but gives no reason of the contract’s${said}. Nothing was sent.`,
    hint: "It may be behind the chain: try again in a moment.",
  };
}

function explainDecoded(decoded: DecodedError): Told {
  const { errorName, args = [] } = decoded;
  // Solidity's own: a text, and the number of a fault in the contract.
  if (errorName === "Error" || errorName === "Panic") return refusedFor(plainText(String(args[0]), 160));
  return {
    message: wordsOf(decoded) ?? `The contract refused this: ${errorName}.`,
    hint: "Nothing was sent.",
  };
}

function refusedFor(reason: string): Told {
  return {
    message: `The contract refused this (${reason}). Nothing was sent.`,
    hint: "Load the page again: the chain may have moved on.",
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
