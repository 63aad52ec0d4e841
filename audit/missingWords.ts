import type { CheckKind } from "./checks.ts";

/** Reasons that are told one by one. */
const TOLD_REASONS = 6;

const KIND_WORDS: Partial<Readonly<Record<CheckKind, string>>> = {
  "aggregate.model": "aggregates",
  "update.artifact": "updates",
  "update.signature": "signatures of updates",
  "report.signature": "signatures of reports",
  "aggregate.signature": "signatures of aggregates",
};

/**
 * What could not be derived again and by whose silence, one entry a kind, e.g. "68 of 68 aggregates could not be recomputed:
 * node 3 serves nothing". Updates are left out where the models that they lack in are told.
 */
export function missingWords(missing: readonly MissingFacts[]): readonly string[] {
  const models = missing.some(({ kind }) => kind === "aggregate.model");
  return missing
    .filter(({ kind }) => !models || kind !== "update.artifact")
    .map(({ kind, count, of, reasons }) => {
      const others = reasons.length - TOLD_REASONS;
      const told = [...reasons.slice(0, TOLD_REASONS), ...(others > 0 ? [`and ${others} more`] : [])];
      return `${count} of ${of} ${KIND_WORDS[kind] ?? kind} could not be recomputed: ${told.join(", ")}`;
    });
}

/** Facts of one kind that could have been derived again, had something not been missing. */
export interface MissingFacts {
  readonly kind: CheckKind;
  readonly count: number;
  /** All facts of this kind. */
  readonly of: number;
  /** The nodes whose artifacts nobody gave, ascending. */
  readonly nodeIds: readonly number[];
  /** What was missing and by whose silence, in words, e.g. "node 3 serves nothing". */
  readonly reasons: readonly string[];
}
