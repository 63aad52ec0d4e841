import type { DatabaseSync } from "node:sqlite";
import { EVENT_TABLES, PLACE_COLUMNS, eventTableSql } from "./eventTables.ts";
import { REWARDS_SQL } from "./rewardRows.ts";
import { VIEWS } from "./views.ts";

/** The tables beside those of the events. */
const COMMON_SQL = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, timestamp INTEGER NOT NULL);
CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent TEXT NOT NULL, timestamp INTEGER NOT NULL);
CREATE TABLE transactions (
  hash TEXT PRIMARY KEY, blockNumber INTEGER NOT NULL, position INTEGER NOT NULL,
  sender TEXT COLLATE NOCASE NOT NULL, recipient TEXT COLLATE NOCASE, contract TEXT, method TEXT NOT NULL,
  gasUsed INTEGER NOT NULL, feeWei TEXT NOT NULL, status INTEGER NOT NULL, error TEXT
) WITHOUT ROWID;
CREATE INDEX transactions_block ON transactions (blockNumber);
CREATE INDEX transactions_sender ON transactions (sender);
CREATE INDEX transactions_recipient ON transactions (recipient);
CREATE TABLE events (
  blockNumber INTEGER NOT NULL, logIndex INTEGER NOT NULL, transactionHash TEXT NOT NULL, contract TEXT NOT NULL,
  address TEXT COLLATE NOCASE NOT NULL, name TEXT NOT NULL, taskId INTEGER, args TEXT NOT NULL, topics TEXT NOT NULL,
  data TEXT NOT NULL, PRIMARY KEY (blockNumber, logIndex)
);
CREATE INDEX events_task ON events (taskId, blockNumber);
${REWARDS_SQL}`;

/** What the tables beside those of the events hold. */
const PURPOSES: Readonly<Record<string, string>> = {
  meta: "what the index is of: chain, contracts, deployment block, format, and whether it has all transactions",
  checkpoints: "blocks at which a reading ended; the last one is how far the index reaches",
  blocks: "the blocks that have events or transactions of the index; timestamp in unix seconds",
  transactions:
    "the transactions that caused events; with --transactions all that were sent to the contracts; recipient null where one created a contract, contract null where the recipient is none of ours, method is the function's name or its selector, status 1 for success, error why it failed as far as the state before its block tells",
  events: "every event: args as exact JSON, topics and data as in the log",
  rewards:
    "each member's account after each recorded round, recomputed by the rules: reputation at the round's start and after, reward, earned so far",
};

/** Columns by which rows are deleted when the chain reorganises; every table but `meta` has one. */
export const BLOCK_COLUMNS: Readonly<Record<string, string>> = {
  checkpoints: "number",
  blocks: "number",
  transactions: "blockNumber",
  events: "blockNumber",
  rewards: "blockNumber",
  ...Object.fromEntries(EVENT_TABLES.map(({ name }) => [name, "blockNumber"])),
};

/** A table or view as a reader of the index sees it. */
export interface RelationDescription {
  readonly name: string;
  readonly kind: "view" | "event" | "table";
  readonly purpose: string;
  /** The contract that emits the event. */
  readonly contract?: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly meaning?: string }[];
}

/** Creates all tables and views in an empty database. */
export function createSchema(database: DatabaseSync): void {
  database.exec(COMMON_SQL);
  for (const table of EVENT_TABLES) database.exec(eventTableSql(table));
  for (const { name, sql } of VIEWS) database.exec(`CREATE VIEW ${name} AS\n${sql};`);
}

/** Describes the views, the common tables and the events' tables of an index, in this order. */
export function describeSchema(database: DatabaseSync): readonly RelationDescription[] {
  const columnsOf = (name: string): RelationDescription["columns"] =>
    database
      .prepare("SELECT name, type FROM pragma_table_info(?)")
      .all(name)
      .map((column) => ({ name: String(column["name"]), type: String(column["type"]) }));
  return [
    ...VIEWS.map(({ name, purpose }) => ({ name, kind: "view" as const, purpose, columns: columnsOf(name) })),
    ...Object.entries(PURPOSES).map(([name, purpose]) => ({
      name,
      kind: "table" as const,
      purpose,
      columns: columnsOf(name),
    })),
    ...EVENT_TABLES.map(({ contract, name, columns }) => ({
      name,
      kind: "event" as const,
      purpose: `the contract's event ${name}`,
      contract,
      columns: [
        ...columnsOf(name).slice(0, PLACE_COLUMNS.length),
        ...columns.map((column) => ({
          name: column.name,
          type: column.type.split(" ")[0] ?? "",
          meaning: column.meaning,
        })),
      ],
    })),
  ];
}
