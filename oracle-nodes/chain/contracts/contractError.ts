import { Interface, type ErrorDescription } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "@concordat/protocol/contracts/abis";
import { ConcordatError, type ErrorFacts } from "@concordat/protocol/errors";
import { printable } from "@concordat/protocol/words/printable";

/** A contract refused a call: its custom error, by name and with its arguments. */
export class ContractError extends ConcordatError {
  /** Name of the custom error, for instance "PhaseOver". */
  readonly errorName: string;
  /** The bytes with which it refused. */
  readonly data: string;
  readonly #args: ErrorFacts;

  constructor(call: string, errorName: string, args: ErrorFacts, cause?: unknown, data = "0x") {
    const values = Object.entries(args).map(([name, value]) => `${name} ${value}`);
    const details = values.length === 0 ? "" : ` (${values.join(", ")})`;
    super(`${call} was refused by the contract: ${plainWords(errorName)}${details}`, {
      facts: { error: errorName, ...args },
      cause,
    });
    this.errorName = errorName;
    this.data = data;
    this.#args = args;
  }

  /** The same refusal of a call whose name the caller knows. */
  named(call: string): ContractError {
    return new ContractError(call, this.errorName, this.#args, this, this.data);
  }
}

/** Characters of a refusal's argument that are shown. */
const MAX_WORDS = 200;

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

/** Functions by their selectors, to name the call that was refused. */
const KNOWN_CALLS = new Interface([
  ...[nodeRegistryAbi, taskRegistryAbi, stakeVaultAbi, rewardLedgerAbi, roundCoordinatorAbi].flatMap((abi) =>
    abi.filter(({ type }) => type === "function"),
  ),
  "function approve(address spender, uint256 amount)",
  "function transfer(address to, uint256 amount)",
  "function balanceOf(address account)",
  "function allowance(address owner, address spender)",
]);

/**
 * What a contract's refusal says in plain words, e.g. "submitUpdates was refused by the contract: phase over (taskId 1,
 * deadline 1700000000)".
 * @param params Of the JSON-RPC request, whose call is named where the contracts have it.
 * @param data The bytes with which the contract refused.
 */
export function refusalOf(params: readonly unknown[], data: string): ContractError {
  const call = callName(params);
  const known = data.length < 10 ? undefined : knownError(data);
  const [name, facts] = known ?? ["UnknownReason", { data: data.slice(0, 74) }];
  return new ContractError(call, name, facts, undefined, data);
}

/** An error by a name that the contracts have; undefined for foreign bytes, which may be anything. */
function knownError(data: string): readonly [name: string, facts: ErrorFacts] | undefined {
  try {
    const description = KNOWN_ERRORS.parseError(data);
    // What does not fit is noticed only when it is looked at.
    return description === null ? undefined : [description.name, factsOf(description)];
  } catch {
    return undefined;
  }
}

function callName([call]: readonly unknown[]): string {
  const { data, input = data } = (typeof call === "object" && call !== null ? call : {}) as Record<
    string,
    unknown
  >;
  const selector = typeof input === "string" ? input.slice(0, 10) : "";
  return (selector.length === 10 ? KNOWN_CALLS.getFunction(selector)?.name : undefined) ?? "The call";
}

/** The contract's refusal behind an error, wherever it stands among its causes. */
export function contractErrorOf(error: unknown): ContractError | undefined {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 4; inner = inner.cause, depth++) {
    if (inner instanceof ContractError) return inner;
  }
  return undefined;
}

function factsOf({ fragment, args }: ErrorDescription): ErrorFacts {
  // A foreign contract chooses the words of its refusal.
  const words = (value: unknown): string => printable(String(value), MAX_WORDS);
  return Object.fromEntries(fragment.inputs.map(({ name }, i) => [name.replace(/_$/, ""), words(args[i])]));
}

/** "TooFewAttestations" as "too few attestations". */
function plainWords(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
}
