import { parseUnits } from "viem";

/** An amount as people write it, in the token's smallest unit; a sentence where it is none. */
export function parseAmount(text: string, decimals: number): bigint | string {
  if (!/^\d+(\.\d+)?$/.test(text.trim())) return "Give a number such as 12.5";
  const [, fraction = ""] = text.trim().split(".");
  if (fraction.length > decimals) return `At most ${decimals} digits after the point`;
  return parseUnits(text.trim(), decimals);
}
