import { DatabaseSync } from "node:sqlite";
import type { Tip } from "./indexFile.ts";
import { describeSchema } from "./schema.ts";
import type { RelationDescription } from "./schema.ts";

/** Which events are wanted; what is left out does not matter. */
export interface EventFilter {
  /** Contracts that emitted them. */
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
  readonly taskId?: number;
  readonly fromBlock?: number;
  readonly toBlock?: number;
  /** Only events after this one. */
  readonly after?: EventPosition;
  /** Events at most. */
  readonly limit: number;
}

/** Where an event stands in the chain. */
export interface EventPosition {
  readonly blockNumber: number;
  readonly logIndex: number;
}

/** An event as the index gives it: decoded with exact integers as decimal strings, and as the log that it was. */
export interface EventRecord extends EventPosition {
  readonly contract: string;
  readonly name: string;
  readonly args: unknown;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockHash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly transactionHash: string;
}

/** A part of the events, all as of one state of the index. */
export interface EventPage {
  /** How far the index reached. */
  readonly tip: Tip | undefined;
  readonly events: readonly EventRecord[];
  /** Whether there are more after the last one. */
  readonly hasMore: boolean;
}

/** Reads an index while it is written. */
export class IndexReader {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  }

  get tip(): Tip | undefined {
    return this.#database
      .prepare("SELECT number, hash, timestamp FROM checkpoints ORDER BY number DESC LIMIT 1")
      .get() as Tip | undefined;
  }

  schema(): readonly RelationDescription[] {
    return describeSchema(this.#database);
  }

  /** Events in the chain's order. */
  events(filter: EventFilter): EventPage {
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const where = (condition: string, ...given: (string | number)[]): void => {
      conditions.push(condition);
      values.push(...given);
    };
    const { addresses, names, taskId, fromBlock, toBlock, after, limit } = filter;
    if (addresses !== undefined) where(`e.address IN (${listOf(addresses)})`, ...addresses);
    if (names !== undefined) where(`e.name IN (${listOf(names)})`, ...names);
    if (taskId !== undefined) where("e.taskId = ?", taskId);
    if (fromBlock !== undefined) where("e.blockNumber >= ?", fromBlock);
    if (toBlock !== undefined) where("e.blockNumber <= ?", toBlock);
    if (after !== undefined) where("(e.blockNumber, e.logIndex) > (?, ?)", after.blockNumber, after.logIndex);
    const clause = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    this.#database.exec("BEGIN");
    try {
      const rows = this.#database
        .prepare(
          `SELECT e.contract, e.name, e.args, e.address, e.topics, e.data, e.blockNumber, b.hash AS blockHash, b.timestamp,
            e.transactionHash, e.logIndex
           FROM events e JOIN blocks b ON b.number = e.blockNumber ${clause} ORDER BY e.blockNumber, e.logIndex LIMIT ?`,
        )
        .all(...values, limit + 1);
      const events = rows.slice(0, limit).map(
        (row) =>
          ({
            ...row,
            args: JSON.parse(String(row["args"])) as unknown,
            topics: JSON.parse(String(row["topics"])) as readonly string[],
          }) as unknown as EventRecord,
      );
      return { tip: this.tip, events, hasMore: rows.length > limit };
    } finally {
      this.#database.exec("COMMIT");
    }
  }

  close(): void {
    this.#database.close();
  }
}

function listOf(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
