import { z } from "zod";
import { termsFromAbi, termsToAbi } from "@concordat/protocol/terms/taskTerms";
import type { AbiTerms } from "@concordat/protocol/terms/taskTerms";
import type { PublicationRecord } from "@concordat/protocol/terms/publicationRecord";

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
