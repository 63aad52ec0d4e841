import { Interface, isError, type ErrorDescription } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../../protocol/abis.ts";
import { ConcordatError, type ErrorFacts } from "../../../protocol/errors.ts";

/** A contract refused a call: its custom error, by name and with its arguments. */
export class ContractError extends ConcordatError {
  /** Name of the custom error, for instance "PhaseOver". */
  readonly errorName: string;

  constructor(call: string, errorName: string, args: ErrorFacts, cause: unknown) {
    const values = Object.entries(args).map(([name, value]) => `${name} ${value}`);
    const details = values.length === 0 ? "" : ` (${values.join(", ")})`;
    super(`${call} was refused by the contract: ${plainWords(errorName)}${details}`, {
      facts: { error: errorName, ...args },
      cause,
    });
    this.errorName = errorName;
  }
}

/** Errors of the token and proxy contracts that ours call. */
const FOREIGN_ERRORS = [
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error SafeERC20FailedOperation(address token)",
  "error ReentrancyGuardReentrantCall()",
  "error Error(string message)",
  "error Panic(uint256 code)",
];

const KNOWN_ERRORS = new Interface([
  ...[nodeRegistryAbi, taskRegistryAbi, stakeVaultAbi, rewardLedgerAbi, roundCoordinatorAbi].flatMap((abi) =>
    abi.filter(({ type }) => type === "error"),
  ),
  ...FOREIGN_ERRORS,
]);

/**
 * What a failed call or estimate says in plain words, e.g. "submitUpdates was refused by the contract: phase over (taskId
 * 1, deadline 1700000000)"; undefined when the failure was not a refusal by a contract.
 */
export function contractErrorOf(call: string, error: unknown): ContractError | undefined {
  const data = revertData(error);
  if (data === undefined) return undefined;
  const description = data === "0x" ? null : KNOWN_ERRORS.parseError(data);
  if (description === null)
    return new ContractError(call, "UnknownReason", { data: data.slice(0, 74) }, error);
  return new ContractError(call, description.name, factsOf(description), error);
}

/** The bytes that a reverted call returned, wherever endpoint and library have put them. */
function revertData(error: unknown): string | undefined {
  if (isError(error, "CALL_EXCEPTION")) return error.data ?? "0x";
  for (
    let inner: unknown = error, depth = 0;
    typeof inner === "object" && inner !== null && depth < 4;
    depth++
  ) {
    const { data, error: next } = inner as { data?: unknown; error?: unknown };
    if (typeof data === "string" && /^0x([0-9a-f]{8})/i.test(data)) return data;
    if (typeof data === "object" && data !== null) inner = data;
    else inner = next;
  }
  return undefined;
}

function factsOf({ fragment, args }: ErrorDescription): ErrorFacts {
  return Object.fromEntries(fragment.inputs.map(({ name }, i) => [name.replace(/_$/, ""), String(args[i])]));
}

/** "TooFewAttestations" as "too few attestations". */
function plainWords(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
}
