import { CONTRACT_NAMES, mapContracts } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import type { AbiParameter } from "@concordat/protocol/events/fields";
import { columnsOf } from "./columns.ts";
import type { EventColumn } from "./columns.ts";

/** An event as the compiler describes it. */
interface AbiEvent {
  readonly name: string;
  readonly inputs: readonly AbiParameter[];
}

const EVENTS = mapContracts((abi) =>
  abi.filter((item): item is AbiEvent => (item as { type: string }).type === "event"),
);

/** The table of one kind of event: named like the event, with a column for each parameter. */
export interface EventTable {
  readonly contract: ContractName;
  readonly name: string;
  readonly columns: readonly EventColumn[];
}

/** Where an event stands: the first columns of every event's table. */
export const PLACE_COLUMNS = ["blockNumber", "logIndex", "transactionHash"] as const;

/** All events of the contracts. Their names differ, so a name alone tells the contract. */
export const EVENT_TABLES: readonly EventTable[] = CONTRACT_NAMES.flatMap((contract) =>
  EVENTS[contract].map(({ name, inputs }) => ({ contract, name, columns: columnsOf(inputs) })),
);

/** CREATE TABLE of an event, with an index where it belongs to a task. */
export function eventTableSql({ name, columns }: EventTable): string {
  const place = "blockNumber INTEGER NOT NULL, logIndex INTEGER NOT NULL, transactionHash TEXT NOT NULL";
  const own = columns.map((column) => `${quoted(column.name)} ${column.type} NOT NULL`);
  const names = columns.map((column) => column.name);
  const key = ["taskId", "round"].filter((column) => names.includes(column));
  const index = key.includes("taskId") ? `CREATE INDEX ${name}_task ON ${name} (${key.join(", ")});` : "";
  return `CREATE TABLE ${name} (${[place, ...own].join(", ")}, PRIMARY KEY (blockNumber, logIndex));\n${index}`;
}

/** INSERT of an event with a parameter for each column, in order. */
export function eventInsertSql({ name, columns }: EventTable): string {
  const parameters = Array.from({ length: PLACE_COLUMNS.length + columns.length }, () => "?");
  return `INSERT INTO ${name} VALUES (${parameters.join(", ")})`;
}

/** A column's name in SQL: some parameters are named like keywords ("to", "join"). */
export function quoted(name: string): string {
  return `"${name}"`;
}
