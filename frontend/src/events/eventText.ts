import type { AbiEvent } from "viem";
import { enumName } from "@concordat/protocol/contracts/enums";
import { enumOfType } from "@concordat/protocol/contracts/enumOfType";
import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import { ABIS, CONTRACT_NAMES } from "@concordat/protocol/events/contracts";

/** Enums that events hold, by contract, event and field. */
const ENUMS = new Map(
  CONTRACT_NAMES.flatMap((contract) =>
    (ABIS[contract] as readonly { readonly type: string }[])
      .filter((entry): entry is AbiEvent => entry.type === "event")
      .flatMap(({ name: event, inputs }) =>
        inputs.flatMap(({ name, internalType }) => {
          const values = enumOfType(internalType);
          return values === undefined ? [] : [[`${contract} ${event} ${name}`, values] as const];
        }),
      ),
  ),
);

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

/** The fields of an event by name, enums by the names of their values. */
export function fieldsOf(event: ConcordatEvent): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(event.args as Readonly<Record<string, unknown>>).map(([name, value]) => {
    const values = ENUMS.get(`${event.contract} ${event.name} ${name}`);
    return [name, values === undefined ? value : enumName(values, value as number)];
  });
}

/** A field of an event as a whole number, where it has one of this name. */
export function numberField(event: ConcordatEvent, name: string): number | undefined {
  const value = (event.args as Readonly<Record<string, unknown>>)[name];
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

/** What names an event for ever: its transaction and its place in the block. */
export function eventId({ place }: ConcordatEvent): string {
  return `${place.transactionHash}-${place.logIndex}`;
}
