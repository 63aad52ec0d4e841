import { fieldText, fieldsOf } from "#events/eventText.ts";
import { saveFile, toCsv } from "#ui/saveFile.ts";
import type { ConcordatEvent as ChainEvent } from "@concordat/protocol/events/concordatEvent";

/** Saves events with all their fields, one a row; the fields as JSON in the last column. */
export function saveEventsCsv(events: readonly ChainEvent[]): void {
  const rows = events.map((event) => [
    event.place.blockNumber,
    event.place.transactionHash,
    event.place.logIndex,
    event.contract,
    event.name,
    fieldText(event.args),
  ]);
  const head = ["block", "transaction", "log_index", "contract", "event", "fields"];
  saveFile("concordat-events.csv", toCsv([head, ...rows]), "text/csv");
}

/** Saves events as JSON; whole numbers of more than 53 bits are strings. */
export function saveEventsJson(events: readonly ChainEvent[]): void {
  const list = events.map((event) => ({
    ...event.place,
    contract: event.contract,
    event: event.name,
    fields: Object.fromEntries(fieldsOf(event)),
  }));
  const text = JSON.stringify(
    list,
    (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value),
    2,
  );
  saveFile("concordat-events.json", text, "application/json");
}
