import { parseAbi } from "viem";
import type { Abi } from "viem";
import { ABIS, CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";

type AbiError = Extract<Abi[number], { readonly type: "error" }>;

/** What the page asks of tokens: ERC-20, and ERC-2612 where a token has it. Some tokens' approve answers nothing, so it is not read. */
export const TOKEN_ABI = parseAbi([
  "function symbol() view returns (string)",
  "function name() view returns (string)",
  "function decimals() view returns (uint8)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount)",
  "function mint(address to, uint256 amount)",
  "function nonces(address owner) view returns (uint256)",
  "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error ERC2612ExpiredSignature(uint256 deadline)",
  "error ERC2612InvalidSigner(address signer, address owner)",
  "error SafeERC20FailedOperation(address token)",
]);

/** Every custom error that a call may bring back: contracts call each other, and tokens. */
export const ERRORS_ABI: readonly AbiError[] = uniqueErrors([
  ...CONTRACT_NAMES.flatMap((name) => ABIS[name] as Abi),
  ...TOKEN_ABI,
]);

/** A contract's functions with all errors that calling them may bring back. */
export function callAbi(contract: ContractName | "Token"): Abi {
  const own: Abi = contract === "Token" ? TOKEN_ABI : ABIS[contract];
  return [...own.filter(({ type }) => type !== "error"), ...ERRORS_ABI];
}

function uniqueErrors(entries: Abi): AbiError[] {
  const errors = new Map<string, AbiError>();
  for (const entry of entries) {
    if (entry.type !== "error") continue;
    errors.set(`${entry.name}(${entry.inputs.map(({ type }) => type).join()})`, entry);
  }
  return [...errors.values()];
}
