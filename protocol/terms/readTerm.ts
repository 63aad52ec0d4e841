import { askedWords } from "./boundsWords.ts";
import type { FieldUnit, NumericTerm } from "./term.ts";

/** What a text says, or a sentence that asks for what it should have said. */
export type Reading =
  | { readonly value: number; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string };

/**
 * Reads a term as people type it, in options and drafts alike: 90s, 15m, 2h, 7d for times (seconds without a unit), 0.67
 * or 67% for shares.
 * @param unit Of the field that adds it, for the sentence.
 * @returns The value in the term's unit: a whole number, seconds, basis points, or the number itself.
 */
export function readTerm(term: NumericTerm, text: string, unit?: FieldUnit): Reading {
  const value = parse(term, text.trim());
  return value === undefined || !isWithin(term, value) ? { fault: askedWords(term, unit) } : { value };
}

/** Whether a term may have a value, as far as it alone can say. */
export function isWithin(term: NumericTerm, value: number): boolean {
  if (term.kind !== "number") return value >= term.least && value <= term.most;
  const { above = -Infinity, least = -Infinity, below = Infinity, most = Infinity } = term;
  return value > above && value >= least && value < below && value <= most;
}

function parse(term: NumericTerm, text: string): number | undefined {
  switch (term.kind) {
    case "count":
      return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "seconds":
    case "moment":
      return parseSeconds(text);
    case "ratio":
    case "score":
      return parseBps(text);
    case "number":
      return /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

function parseSeconds(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Math.round(Number(digits) * (UNIT_SECONDS[unit] ?? 1));
}

function parseBps(text: string): number | undefined {
  const [, percent] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text) ?? [];
  if (percent !== undefined) return Math.round(Number(percent) * 100);
  const isRatio = /^(0(\.\d{1,4})?|1(\.0{1,4})?|\.\d{1,4})$/.test(text);
  const bps = Math.round(Number(text) * 10_000);
  return isRatio ? bps : undefined;
}
