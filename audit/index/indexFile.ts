import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import type { Interface } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { INTERFACES } from "../reading/contracts.ts";
import type { Deployment } from "../reading/contracts.ts";
import { exactJson } from "./columns.ts";
import { EVENT_TABLES, eventInsertSql } from "./eventTables.ts";
import type { BlockHeader, IncludedTransaction } from "./indexSource.ts";
import type { IndexedEvent, IndexedTransaction, ReadRange } from "./readRange.ts";
import { IndexCounts } from "./indexCounts.ts";
import { rewardWriter } from "./rewardRows.ts";
import { BLOCK_COLUMNS, createSchema } from "./schema.ts";
import { lockForWriting } from "./writerLock.ts";
import type { IndexedChain } from "./indexedChain.ts";

/** What an index's `format` says. */
const INDEX_FORMAT = "concordat/index/2";

/** Marks an SQLite file as an index: "CoIx". */
const APPLICATION_ID = 0x436f4978;

/** Checkpoints that are kept below the last one, in blocks. */
const KEPT_CHECKPOINTS = 1024;

/** An event's log as it is kept; `topics` as JSON. */
export interface KeptLog {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  readonly topics: string;
  readonly data: string;
}

/** How far an index reaches. */
export type Tip = Pick<BlockHeader, "number" | "hash" | "timestamp">;

/** An index that this process writes; only one can. Each method is one transaction: a kill leaves all of it or nothing. */
export class IndexFile {
  readonly #database: DatabaseSync;
  readonly #lock: { release(): void };
  readonly #methods: Methods;
  readonly #insert: ReadonlyMap<string, StatementSync>;
  readonly #writeReward: (event: IndexedEvent) => void;

  private constructor(database: DatabaseSync, lock: { release(): void }, chain: IndexedChain) {
    this.#database = database;
    this.#lock = lock;
    this.#methods = new Methods(chain);
    const sql = {
      checkpoint: "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)",
      block: "INSERT INTO blocks VALUES (?, ?, ?, ?)",
      transaction: "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      event: "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...Object.fromEntries(EVENT_TABLES.map((table) => [table.name, eventInsertSql(table)])),
    };
    this.#insert = new Map(Object.entries(sql).map(([name, text]) => [name, database.prepare(text)]));
    this.#writeReward = rewardWriter(database);
  }

  /**
   * Opens an index for writing, or creates it.
   * @throws {InputError} when the file is something else, of another chain or deployment, or written by another process.
   */
  static open(file: string, chain: IndexedChain): IndexFile {
    refuseForeignFile(file);
    const lock = lockForWriting(file);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { timeout: 10_000 });
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      prepareFile(database, file, chain);
      return new IndexFile(database, lock, chain);
    } catch (error) {
      database?.close();
      lock.release();
      throw error;
    }
  }

  /** The last block that the index has, undefined before the first reading. */
  get tip(): Tip | undefined {
    return this.#database
      .prepare("SELECT number, hash, timestamp FROM checkpoints ORDER BY number DESC LIMIT 1")
      .get() as Tip | undefined;
  }

  /** Blocks whose hash is known, ascending: each can be found to be still the chain's, or not. */
  knownBlocks(): readonly Tip[] {
    return this.#database
      .prepare(
        "SELECT number, hash, timestamp FROM checkpoints UNION SELECT number, hash, timestamp FROM blocks ORDER BY number",
      )
      .all() as unknown as Tip[];
  }

  /** The logs of the events in a range of blocks, both ends included. */
  logs(fromBlock: number, toBlock: number): readonly KeptLog[] {
    return this.#database
      .prepare(
        "SELECT blockNumber, logIndex, transactionHash, topics, data FROM events WHERE blockNumber BETWEEN ? AND ?",
      )
      .all(fromBlock, toBlock) as unknown as KeptLog[];
  }

  /** How many events there are that the contracts count as well. */
  get counts(): IndexCounts {
    return new IndexCounts(this.#database);
  }

  /** Adds what was read of the blocks after the tip. */
  append(range: ReadRange): void {
    this.#inTransaction(() => {
      for (const { number, hash, parent, timestamp } of range.blocks)
        this.#run("block", number, hash, parent, timestamp);
      for (const transaction of range.transactions) this.#appendTransaction(transaction);
      for (const event of range.events) this.#appendEvent(event);
      const { number, hash, timestamp } = range.last;
      this.#run("checkpoint", number, hash, timestamp);
      this.#database.prepare("DELETE FROM checkpoints WHERE number < ?").run(number - KEPT_CHECKPOINTS);
    });
  }

  /** Forgets all blocks after `ancestor`; undefined: all there are. */
  rewind(ancestor: Tip | undefined): void {
    this.#inTransaction(() => {
      for (const [table, column] of Object.entries(BLOCK_COLUMNS))
        this.#database.prepare(`DELETE FROM ${table} WHERE ${column} > ?`).run(ancestor?.number ?? -1);
      if (ancestor !== undefined) this.#run("checkpoint", ancestor.number, ancestor.hash, ancestor.timestamp);
    });
  }

  /** Leaves one file that has everything. */
  close(): void {
    this.#database.close();
    this.#lock.release();
  }

  #appendTransaction(transaction: IndexedTransaction): void {
    const { hash, blockNumber, position, sender, recipient, gasUsed, gasPrice, status, error } = transaction;
    const { contract, method } = this.#methods.of(transaction);
    const fee = String(BigInt(gasUsed) * gasPrice);
    this.#run(
      "transaction",
      hash,
      blockNumber,
      position,
      sender,
      recipient,
      contract,
      method,
      gasUsed,
      fee,
      status,
      error,
    );
  }

  #appendEvent(event: IndexedEvent): void {
    const { contract, name, args, log } = event;
    const { blockNumber, logIndex, transactionHash, address, data } = log;
    const taskId = typeof args["taskId"] === "bigint" ? args["taskId"] : null;
    const [exact, topics] = [exactJson(args), JSON.stringify(log.topics)];
    const place = [blockNumber, logIndex, transactionHash] as const;
    this.#run("event", ...place, contract, address, name, taskId, exact, topics, data);
    const columns = EVENT_TABLES.find((table) => table.name === name)?.columns ?? [];
    this.#run(name, ...place, ...columns.map((column) => column.cell(args)));
    if (name === "RoundRecorded") this.#writeReward(event);
  }

  #run(statement: string, ...values: (string | number | bigint | null)[]): void {
    this.#insert.get(statement)?.run(...values);
  }

  #inTransaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Names what transactions call. */
class Methods {
  readonly #contracts: ReadonlyMap<string | null, { readonly name: ContractName; readonly abi: Interface }>;

  constructor({ contracts }: Deployment) {
    this.#contracts = new Map(
      CONTRACT_NAMES.map((name) => [contracts[name].toLowerCase(), { name, abi: INTERFACES[name] }]),
    );
  }

  of({ recipient, input }: IncludedTransaction): { contract: ContractName | null; method: string } {
    const contract = this.#contracts.get(recipient?.toLowerCase() ?? null);
    const selector = input.slice(0, 10);
    const method = selector.length < 10 ? null : contract?.abi.getFunction(selector);
    return {
      contract: contract?.name ?? null,
      method: recipient === null ? "create" : (method?.name ?? selector),
    };
  }
}

/** @throws {InputError} for a file that is there and was not written as an index. Nothing is changed in it. */
function refuseForeignFile(file: string): void {
  if (!existsSync(file) || statSync(file).size === 0) return;
  let id: unknown;
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    id = database.prepare("PRAGMA application_id").get()?.["application_id"];
    database.close();
  } catch (cause) {
    throw new InputError(`${file} is not an index`, { hint: "Give another file with --db", cause });
  }
  if (id !== APPLICATION_ID) {
    throw new InputError(`${file} is a database, but not an index`, { hint: "Give another file with --db" });
  }
}

/** Creates the schema in an empty file, and checks what another is of. */
function prepareFile(database: DatabaseSync, file: string, chain: IndexedChain): void {
  const identity: Readonly<Record<string, string>> = {
    format: INDEX_FORMAT,
    chainId: String(chain.chainId),
    deploymentBlock: String(chain.deploymentBlock),
    ...Object.fromEntries(CONTRACT_NAMES.map((name) => [name, chain.contracts[name]])),
    transactions: chain.hasAllTransactions === true ? "all" : "with events",
  };
  const isNew = database.prepare("SELECT count(*) AS n FROM sqlite_master").get()?.["n"] === 0;
  if (isNew) {
    database.exec(`BEGIN; PRAGMA application_id = ${APPLICATION_ID}`);
    createSchema(database);
    const insert = database.prepare("INSERT INTO meta VALUES (?, ?)");
    for (const [key, value] of Object.entries(identity)) insert.run(key, value);
    database.exec("COMMIT");
    return;
  }
  const found = new Map(
    database
      .prepare("SELECT key, value FROM meta")
      .all()
      .map(({ key, value }) => [String(key), String(value)]),
  );
  for (const [key, value] of Object.entries(identity)) {
    if (found.get(key)?.toLowerCase() === value.toLowerCase()) continue;
    throw new InputError(`The index ${file} has ${key} ${found.get(key) ?? "none"}, not ${value}`, {
      hint: "Give the endpoint, address book and --transactions setting that it was made with, or another file with --db",
    });
  }
}
