import { formatUnits } from "viem";
import { writeDecimal } from "./readDecimal.ts";

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Basis points as a percentage, e.g. "62.5 %". */
export function percent(bps: number): string {
  return `${NUMBER.format(Math.round(bps) / 100)} %`;
}

/** Basis points as a ratio, e.g. alpha "0.55". */
export function ratio(bps: number): string {
  return NUMBER.format(bps / 10_000);
}

export function count(value: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${NUMBER.format(value)} ${Number(value) === 1 ? noun : plural}`;
}

export function number(value: number | bigint): string {
  return NUMBER.format(value);
}

/** An amount in a token's smallest unit, e.g. "12.5 DEV". */
export function amount(
  value: bigint,
  token: { readonly symbol: string; readonly decimals: number } | undefined,
): string {
  if (token === undefined) return `${NUMBER.format(value)} units`;
  const exact = formatUnits(value, token.decimals);
  const rounded = NUMBER.format(Number(exact));
  // Less than is told at this precision, but not nothing.
  return `${value > 0n && rounded === NUMBER.format(0) ? writeDecimal(exact) : rounded} ${token.symbol}`;
}

/** Unix seconds in the reader's zone and language. */
export function date(seconds: number): string {
  return DATE.format(seconds * 1000);
}

const UNITS = [
  ["day", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

/** Seconds in their two greatest units, e.g. "2 min 5 s". */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  if (rest === 0) return "0 s";
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    const n = Math.floor(rest / size);
    if (n === 0) continue;
    rest -= n * size;
    words.push(`${n} ${unit === "day" && n > 1 ? "days" : unit}`);
    if (words.length === 2) break;
  }
  return words.join(" ");
}

export function bytes(length: number): string {
  if (length < 1024) return `${length} B`;
  return length < 1 << 20
    ? `${NUMBER.format(Math.round(length / 102.4) / 10)} KiB`
    : `${NUMBER.format(Math.round(length / 104_857.6) / 10)} MiB`;
}

const LIST = new Intl.ListFormat("en", { type: "conjunction" });

/** Several things in a sentence, e.g. "coordinator, arbiter, and reward ledger". */
export function listed(things: readonly string[]): string {
  return LIST.format(things);
}

const SCIENTIFIC = new Intl.NumberFormat(undefined, { notation: "scientific", maximumSignificantDigits: 3 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 3 });

/** A number beside a drawing, short and never rounded to nothing, e.g. "0.25", "350K", "1E-15". */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return SCIENTIFIC.format(value);
  return size < 100_000 ? NUMBER.format(value) : COMPACT.format(value);
}
