import { formatUnits } from "viem";
import type { Token } from "#chain/useToken.ts";

/** An amount in whole tokens, to its last digit, e.g. "1,234.000001 DEV". */
export function tokenAmount(value: bigint, token: Pick<Token, "symbol" | "decimals"> | undefined): string {
  if (token === undefined) return `${value.toLocaleString("en")} units`;
  const [whole = "0", fraction] = formatUnits(value, token.decimals).split(".");
  const digits = BigInt(whole).toLocaleString("en");
  return `${digits}${fraction === undefined ? "" : `.${fraction}`} ${token.symbol}`;
}
