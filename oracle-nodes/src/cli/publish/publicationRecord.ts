import { z } from "zod";
import { termsFromAbi, termsToAbi } from "../../../../protocol/taskTerms.ts";
import type { AbiTerms, TaskTerms } from "../../../../protocol/taskTerms.ts";

const FORMAT = "concordat/publication/1";

const schema = z.strictObject({
  format: z.literal(FORMAT),
  chainId: z.number().int().positive(),
  taskRegistry: z.string(),
  publisher: z.string(),
  /** Tasks that there were before it was sent. */
  tasksBefore: z.number().int().nonnegative(),
  /** The struct as it was sent, numbers as decimal strings. */
  terms: z.record(z.string(), z.union([z.string(), z.boolean()])),
  /** Its number, once that is known: until then it may have been published or not. */
  task: z.number().int().positive().exactOptional(),
});

/**
 * What is remembered of a publication, from just before it is sent on: a publication whose answer was lost is found again
 * by it, with the very terms that were sent, and never made a second time.
 */
export interface PublicationRecord {
  readonly chainId: number;
  readonly taskRegistry: string;
  readonly publisher: string;
  readonly tasksBefore: number;
  readonly terms: TaskTerms;
  readonly task?: number;
}

export function formatRecord({ terms, ...record }: PublicationRecord): string {
  const entries = Object.entries(termsToAbi(terms)).map(([key, value]) => [
    key,
    typeof value === "bigint" ? value.toString() : value,
  ]);
  return `${JSON.stringify({ format: FORMAT, ...record, terms: Object.fromEntries(entries) }, undefined, 2)}\n`;
}

/** Undefined for what is no record. */
export function parseRecord(text: string): PublicationRecord | undefined {
  try {
    const { format: _, terms, ...record } = schema.parse(JSON.parse(text));
    const entries = Object.entries(terms).map(([key, value]) => [
      key,
      typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : value,
    ]);
    return { ...record, terms: termsFromAbi(Object.fromEntries(entries) as AbiTerms) };
  } catch {
    return undefined;
  }
}

/** Whether two publications mean the same task: terms that are equal but for the moments that follow from the time of asking. */
export function isSameTask(a: TaskTerms, b: TaskTerms): boolean {
  const timeless = ({ startTime, timeLimit, ...terms }: TaskTerms): string =>
    JSON.stringify(
      Object.entries({ ...terms, lasts: timeLimit - startTime }).map(([key, value]) => [key, String(value)]),
    );
  return timeless(a) === timeless(b);
}

/** Whether terms are equal in everything. */
export function isSameTerms(a: TaskTerms, b: TaskTerms): boolean {
  return a.startTime === b.startTime && isSameTask(a, b);
}
