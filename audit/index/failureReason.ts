import { Interface } from "ethers";
import { AUDITED_CONTRACTS, INTERFACES } from "../contracts.ts";
import type { IncludedTransaction, IndexSource } from "./indexSource.ts";

/** Errors of tokens that our contracts call, and the compiler's own. */
const FOREIGN_ERRORS = new Interface([
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error SafeERC20FailedOperation(address token)",
  "error Error(string message)",
  "error Panic(uint256 code)",
]);
const INTERFACES_OF_ERRORS = [...AUDITED_CONTRACTS.map((name) => INTERFACES[name]), FOREIGN_ERRORS];

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
  if (replayed.kind === "reverts") return errorWords(replayed.data);
  return replayed.kind === "passes" ? "passes on the state before its block" : null;
}

/** A custom error in words: "not due (taskId 1, deadline 1700000000)". */
function errorWords(data: string): string {
  if (data === "0x") return "without a reason";
  for (const known of INTERFACES_OF_ERRORS) {
    const error = parseError(known, data);
    if (error === null) continue;
    const words = error.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
    const values = error.fragment.inputs.map(({ name }, i) => `${name} ${String(error.args[i])}`);
    return values.length === 0 ? words : `${words} (${values.join(", ")})`;
  }
  return `unknown error ${data.slice(0, 10)}`;
}

/** Null for an error that the interface does not have, or whose bytes do not fit it. */
function parseError(known: Interface, data: string): ReturnType<Interface["parseError"]> {
  try {
    return known.parseError(data);
  } catch {
    return null;
  }
}
