import { durationWords } from "../words/timeWords.ts";
import type { FieldUnit, NumberTerm, NumericTerm } from "./term.ts";

/** Which values a term may have, e.g. "from 1 second to 30 days", "from 0 % to 100 %", "above 0 and below 1". */
export function boundsWords(term: NumericTerm): string {
  switch (term.kind) {
    case "count":
      return span(term.least, term.most, plain);
    case "seconds":
    case "moment":
      return span(term.least, term.most, durationWords);
    case "ratio":
      return span(term.least, term.most, (bps) => `${bps / 100} %`);
    case "score":
      return span(term.least, Math.min(term.most, 10_000), (bps) => `${bps / 100} %`);
    case "number":
      return numberBounds(term);
  }
}

/** What is asked for where a text is no such value; the unit is that of a field which does not take it as typed. */
export function askedWords(term: NumericTerm, unit?: FieldUnit): string {
  switch (term.kind) {
    case "count":
      return `Give a whole number ${boundsWords(term)}`;
    case "seconds":
    case "moment":
      return unit === undefined
        ? `Give a length of time like 90s, 15m, 2h or 7d, ${boundsWords(term)}`
        : `Give a number of ${unit} such as 0.5, ${boundsWords(term)}`;
    case "ratio":
    case "score":
      return unit === "percent"
        ? `Give a number ${span(term.least / 100, Math.min(term.most, 10_000) / 100, String)} with at most two decimals`
        : `Give a ratio ${span(term.least / 10_000, Math.min(term.most, 10_000) / 10_000, String)} with at most four decimals, such as 0.67, or percent, such as 67%`;
    case "number":
      return `Give ${term.above === undefined ? "" : "a number "}${boundsWords(term)}`;
  }
}

function span(least: number, most: number, words: (value: number) => string): string {
  return `from ${words(least)} to ${words(most)}`;
}

function plain(value: number): string {
  return value.toLocaleString("en");
}

function numberBounds({ above, least, below, most }: NumberTerm): string {
  const from = above === undefined ? `${plain(least ?? 0)} or more` : `above ${plain(above)}`;
  if (below !== undefined) return `${from}, and less than ${plain(below)}`;
  return most === undefined ? from : `${from}, at most ${plain(most)}`;
}
