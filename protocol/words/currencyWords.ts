import { formatEther } from "ethers";

const DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 5, useGrouping: false });

/** An amount of a chain's own currency in whole units, with as many digits as are read, e.g. "0.0012346" for wei. */
export function currencyWords(wei: bigint): string {
  return DIGITS.format(Number(formatEther(wei)));
}
