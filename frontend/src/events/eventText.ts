import type { ChainEvent } from "./contracts.ts";

/** A field of an event as text: numbers in decimal, structs and lists as JSON. */
export function fieldText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "bigint" ? inner.toString() : inner,
    );
  }
  return String(value);
}

/** The fields of an event by name. */
export function fieldsOf(event: ChainEvent): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(event.args as Readonly<Record<string, unknown>>);
}

/** A field of an event as a whole number, where it has one of this name. */
export function numberField(event: ChainEvent, name: string): number | undefined {
  const value = (event.args as Readonly<Record<string, unknown>>)[name];
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

/** What names an event for ever: its transaction and its place in the block. */
export function eventId({ place }: ChainEvent): string {
  return `${place.transactionHash}-${place.logIndex}`;
}
