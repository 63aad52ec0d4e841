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

/** A log as `eth_getLogs` gives it, its numbers as numbers. */
export interface LogRecord extends EventPosition {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockHash: string;
  readonly transactionHash: string;
}

/** All logs of some blocks up to `to`, whose hash vouches for them. */
export interface LogPage {
  readonly to: number;
  readonly toHash: string;
  readonly logs: readonly LogRecord[];
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

  /**
   * All logs from block `from` to a block not after `to`, in the chain's order: `limit` of them and what else the last block
   * has, or fewer. That block is the last whose hash the index knows; undefined where there is none from `from` on.
   */
  logs(from: number, to: number, limit: number): LogPage | undefined {
    return this.#atOnce(() => {
      const full = this.#database
        .prepare(
          "SELECT blockNumber FROM events WHERE blockNumber BETWEEN ? AND ? ORDER BY blockNumber, logIndex LIMIT 1 OFFSET ?",
        )
        .get(from, to, limit - 1);
      const upTo = Number(full?.["blockNumber"] ?? to);
      const end = this.#database
        .prepare(
          `SELECT number, hash FROM checkpoints WHERE number BETWEEN :from AND :upTo
           UNION ALL SELECT number, hash FROM blocks WHERE number BETWEEN :from AND :upTo ORDER BY number DESC LIMIT 1`,
        )
        .get({ from, upTo }) as Pick<Tip, "number" | "hash"> | undefined;
      if (end === undefined) return undefined;
      const logs = this.#database
        .prepare(
          `SELECT e.address, e.topics, e.data, e.blockNumber, b.hash AS blockHash, e.transactionHash, e.logIndex
           FROM events e JOIN blocks b ON b.number = e.blockNumber WHERE e.blockNumber BETWEEN ? AND ?
           ORDER BY e.blockNumber, e.logIndex`,
        )
        .all(from, end.number)
        .map((row) => ({ ...row, topics: parseTopics(row["topics"]) }) as unknown as LogRecord);
      return { to: end.number, toHash: end.hash, logs };
    });
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
    return this.#atOnce(() => {
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
            topics: parseTopics(row["topics"]),
          }) as unknown as EventRecord,
      );
      return { tip: this.tip, events, hasMore: rows.length > limit };
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Everything that `read` asks for is of one state of the index. */
  #atOnce<T>(read: () => T): T {
    this.#database.exec("BEGIN");
    try {
      return read();
    } finally {
      this.#database.exec("COMMIT");
    }
  }
}

function parseTopics(json: unknown): readonly string[] {
  return JSON.parse(String(json)) as readonly string[];
}

function listOf(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
