import { Interface } from "ethers";
import type { ParamType } from "ethers";
import { valueDecoder } from "@concordat/protocol/events/abiValues";
import type { AbiValue } from "@concordat/protocol/events/abiValues";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import { INTERFACES } from "../reading/contracts.ts";
import type { IncludedTransaction, IndexSource } from "./indexSource.ts";

/** Errors of tokens that our contracts call. Each interface knows the compiler's own. */
const FOREIGN_ERRORS = new Interface([
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error SafeERC20FailedOperation(address token)",
]);
/** Characters of a reason that are kept: a token may revert with megabytes. */
const MAX_REASON = 500;
const INTERFACES_OF_ERRORS = [...CONTRACT_NAMES.map((name) => INTERFACES[name]), FOREIGN_ERRORS];

/**
 * Why a transaction failed, as far as an endpoint can say it: the transaction is played again on the state before its block.
 * An approximation, since what came first in its block is missing there. Null where the endpoint does not say it: most keep
 * old states only for a while.
 */
export async function failureReason(
  source: IndexSource,
  failed: IncludedTransaction,
): Promise<string | null> {
  if (failed.gasUsed === failed.gasLimit) return "out of gas";
  const replayed = await source.replay(failed);
  if (replayed.kind === "reverts") return errorWords(replayed.data).slice(0, MAX_REASON);
  return replayed.kind === "passes" ? "passes on the state before its block" : null;
}

/** A custom error in words: "not due (taskId 1, deadline 1700000000)". Never throws: a foreign token may say anything. */
function errorWords(data: string): string {
  if (data === "0x") return "without a reason";
  const selector = data.slice(0, 10);
  for (const known of INTERFACES_OF_ERRORS) {
    const error = known.getError(selector);
    const values = error === null ? undefined : valuesOf(error.inputs, data);
    if (error === null || values === undefined) continue;
    const words = error.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
    const named = error.inputs.map(({ name }, i) => `${name} ${String(values[i])}`.trim());
    return named.length === 0 ? words : `${words} (${named.join(", ")})`;
  }
  return `unknown error ${selector}`;
}

/** The values of an error; undefined where its bytes do not fit it. */
function valuesOf(inputs: readonly ParamType[], data: string): readonly AbiValue[] | undefined {
  try {
    return valueDecoder(inputs)(`0x${data.slice(10)}`);
  } catch {
    return undefined;
  }
}
