import { Contract, ZeroAddress, formatUnits, parseUnits } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import { printable } from "@concordat/protocol/words/printable";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";

const ERC20 = [
  "function decimals() view returns (uint8)",
  "function symbol() view returns (string)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
];
/** Characters of a symbol that are shown: more would be a message, not a name. */
const MAX_SYMBOL = 16;
/** More decimals than this are no number of digits that anybody reads, and none that the library writes. */
const MAX_DECIMALS = 80;

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
  throw new InputError(`Account ${account} has ${format(balance)}, but needs ${format(amount)}`, {
    hint: `Send it more ${symbol}, or give a smaller amount`,
  });
}

/**
 * How amounts of a token that a task names are shown. The terms may name what is no token: its amounts are then numbers of
 * its smallest units, so that such a task can still be looked at.
 */
export async function amountFormat(
  provider: ChainProvider,
  token: string,
): Promise<(amount: bigint) => string> {
  if (token === ZeroAddress) return (amount) => (amount === 0n ? "none" : `${amount} units`);
  try {
    return (await readToken(provider, token as Address)).format;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return (amount) => `${amount} of the smallest units of ${token}, which is not an ERC-20 token`;
  }
}

/** Reads what a token says of itself. @throws {InputError} when there is no token at the address. */
export async function readToken(provider: ChainProvider, address: Address): Promise<Token> {
  const contract = new Contract(address, ERC20, provider);
  const noToken = (cause?: unknown): InputError =>
    new InputError(`There is no ERC-20 token at ${address}`, {
      hint: "Give the address of a token",
      ...(cause !== undefined && { cause }),
    });
  if ((await provider.getCode(address)) === "0x") throw noToken();
  let decimals: number;
  let symbol: string;
  try {
    decimals = Number(await contract.getFunction("decimals")());
    symbol = printable(String(await contract.getFunction("symbol")()), MAX_SYMBOL);
  } catch (cause) {
    if (isEndpointFault(cause) && cause.fault !== "bareRevert") throw cause;
    throw noToken(cause);
  }
  if (decimals > MAX_DECIMALS) throw noToken();
  return {
    address,
    symbol,
    decimals,
    contract,
    format: (amount) => `${plainUnits(amount, decimals)} ${symbol}`,
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

/** An amount without the ".0" of whole ones. */
export function plainUnits(amount: bigint, decimals: number): string {
  return formatUnits(amount, decimals).replace(/\.0$/, "");
}
