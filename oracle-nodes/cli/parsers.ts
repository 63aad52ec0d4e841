import { InvalidArgumentError } from "commander";
import { getAddress, isAddress } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import { checkEndpoints, parseEndpoints } from "@concordat/protocol/endpoints/endpoints";
import { rpcUrls } from "@concordat/chain/endpoints/chainProvider";

/** Parsers of option values for commander, which puts the option's name before what they complain about. */

/** A whole number within bounds. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`Give a whole number ${range}`);
    }
    return value;
  };
}

/** A number above zero. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+(e-?\d+)?$/i.test(text) || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError("Give a number above 0");
  }
  return value;
}

/** A number from 0 to below 1. */
export function fraction(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value >= 1)
    throw new InvalidArgumentError("Give a number that is at least 0 and below 1");
  return value;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** A length of time in whole seconds: 90, 90s, 15m, 2h, 7d. */
export function duration(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SECONDS[unit] ?? 0);
  if (digits === "" || seconds < 1 || !Number.isSafeInteger(seconds)) {
    throw new InvalidArgumentError("Give a length of time like 90s, 15m, 2h or 7d");
  }
  return seconds;
}

/** An account or contract. */
export function address(text: string): Address {
  if (!isAddress(text)) throw new InvalidArgumentError("Give an address: 0x and 40 hex digits");
  return getAddress(text) as Address;
}

/** Endpoints of a chain: one, several joined by commas, or the option several times. */
export function rpcUrl(text: string, before: readonly string[] = []): readonly string[] {
  const urls = rpcUrls(text);
  for (const url of urls) {
    const protocol = URL.canParse(url) ? new URL(url).protocol : "";
    if (!["http:", "https:", "ws:", "wss:"].includes(protocol)) {
      throw new InvalidArgumentError("Give a URL that starts with http://, https://, ws:// or wss://");
    }
  }
  return [...before, ...urls];
}

/** An amount of tokens in whole tokens with decimals, for example 2.5; the token's decimals are applied later. */
export function tokenAmount(text: string): string {
  if (!/^\d{1,30}(\.\d{1,18})?$/.test(text)) {
    throw new InvalidArgumentError("Give an amount of tokens, for example 2.5");
  }
  return text;
}

/** Endpoints of a store to fetch from: as a node publishes them, but a peer alone will do, for instance a Kubo node. */
export function provider(text: string): string {
  const { gateways, peers, ignored } = parseEndpoints(text);
  if (ignored.length === 0 && gateways.length + peers.length > 0) return text;
  try {
    checkEndpoints(text);
  } catch (error) {
    if (error instanceof InputError) throw new InvalidArgumentError(error.oneLine);
    throw error;
  }
  return text;
}

/** For an option that may be given several values: collects what `parse` makes of each. */
export function listOf<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}
