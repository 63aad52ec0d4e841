import { Contract, ZeroAddress, formatUnits, parseUnits } from "ethers";
import { InputError } from "../../../protocol/errors.ts";
import type { Address } from "../../../protocol/ids.ts";
import type { ChainProvider } from "../chain/chainProvider.ts";
import { isEndpointFault } from "../chain/endpointError.ts";

const ERC20 = [
  "function decimals() view returns (uint8)",
  "function symbol() view returns (string)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
];

/** An ERC-20 token as people read its amounts. */
export interface Token {
  readonly address: Address;
  readonly symbol: string;
  readonly decimals: number;
  readonly contract: Contract;
  /** "2.5 DEV". */
  format(amount: bigint): string;
  /** The smallest units of an amount like "2.5". @throws {InputError} when it has more decimals than the token. */
  parse(amount: string): bigint;
}

/** @throws {InputError} when the account owns less than an amount, in the token's smallest units. */
export async function checkBalance(
  { contract, symbol, format }: Token,
  account: string,
  amount: bigint,
): Promise<void> {
  const balance = BigInt(await contract.getFunction("balanceOf")(account));
  if (balance >= amount) return;
  throw new InputError(`Account ${account} has ${format(balance)}, but ${format(amount)} are needed`, {
    hint: `Send it more ${symbol}, or give a smaller amount`,
  });
}

/** How a task's amounts are shown: in its token, or as bare numbers where it has none. */
export async function amountFormat(
  provider: ChainProvider,
  token: string,
): Promise<(amount: bigint) => string> {
  return token === ZeroAddress ? String : (await readToken(provider, token as Address)).format;
}

/** Reads what a token says of itself. @throws {InputError} when there is no token at the address. */
export async function readToken(provider: ChainProvider, address: Address): Promise<Token> {
  const contract = new Contract(address, ERC20, provider);
  let decimals: number;
  let symbol: string;
  try {
    decimals = Number(await contract.getFunction("decimals")());
    symbol = String(await contract.getFunction("symbol")());
  } catch (cause) {
    if (isEndpointFault(cause) && cause.fault !== "bareRevert") throw cause;
    throw new InputError(`There is no ERC-20 token at ${address}`, {
      hint: "Give the address of a token",
      cause,
    });
  }
  return {
    address,
    symbol,
    decimals,
    contract,
    format: (amount) => `${formatUnits(amount, decimals)} ${symbol}`,
    parse: (amount) => {
      try {
        return parseUnits(amount, decimals);
      } catch (cause) {
        throw new InputError(`${amount} has more decimals than ${symbol}`, {
          hint: `Give at most ${decimals} decimals`,
          cause,
        });
      }
    },
  };
}
