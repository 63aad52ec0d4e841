import { getAddress, isAddress } from "viem";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";

const FORMAT = "concordat/addresses/1";

/**
 * Checks an address book as `parseAddressBook` of protocol/ does, without the schema library, which would be a tenth of what
 * a first visit loads.
 * @throws {InputError} naming the first entry that is wrong.
 */
export function parseBook(value: unknown): AddressBook {
  const book = record(value, "");
  const { format, chainId, network, deploymentBlock } = book;
  if (format !== FORMAT) throw wrong("format", `must be "${FORMAT}"`);
  if (!isWhole(chainId) || chainId < 1) throw wrong("chainId", "must be a whole number from 1");
  if (typeof network !== "string" || network === "") throw wrong("network", "must be a name");
  if (!isWhole(deploymentBlock)) throw wrong("deploymentBlock", "must be a block number");
  const given = record(book["contracts"], "contracts");
  const contracts = Object.fromEntries(
    CONTRACT_NAMES.map((name) => [name, address(given[name], `contracts.${name}`)]),
  ) as AddressBook["contracts"];
  const token =
    book["tokens"] === undefined ? undefined : record(book["tokens"], "tokens")["DevelopmentToken"];
  return {
    format,
    chainId,
    network,
    deploymentBlock,
    contracts,
    ...(token !== undefined && { tokens: { DevelopmentToken: address(token, "tokens.DevelopmentToken") } }),
  };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function address(value: unknown, at: string): Address {
  if (typeof value !== "string" || !isAddress(value, { strict: false })) throw wrong(at, "is not an address");
  return getAddress(value) as Address;
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw wrong(at, "must be an object");
  return value as Readonly<Record<string, unknown>>;
}

function wrong(at: string, problem: string): InputError {
  return new InputError(`The address book is malformed${at === "" ? "" : ` at ${at}`}: ${problem}`, {
    hint: "Give the file that the deployment wrote",
  });
}
