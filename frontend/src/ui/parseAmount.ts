import { parseUnits } from "viem";
import { readDecimal, writeDecimal } from "./readDecimal.ts";

/** An amount as people write it in their language, in the token's smallest unit; a sentence where it is none. */
export function parseAmount(text: string, decimals: number): bigint | string {
  const plain = readDecimal(text);
  if (plain === undefined) return `Give a number such as ${writeDecimal("12.5")}`;
  const [, fraction = ""] = plain.split(".");
  if (fraction.length > decimals) return `At most ${decimals} digits after the point`;
  return parseUnits(plain, decimals);
}
