import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ResultLimits, SqlAnswer, SqlQuestion } from "./runQuery.ts";
import type { SqlProcessReply, SqlProcessRequest } from "./sqlProcess.ts";

/** What one question may cost. */
export interface SqlLimits extends ResultLimits {
  /** Seconds until its process is killed. */
  readonly seconds: number;
}

export const DEFAULT_SQL_LIMITS: SqlLimits = { seconds: 2, rows: 10_000, bytes: 8 << 20 };

/** A question that was not answered, for a reason that its author can change. */
export class SqlRefusedError extends ConcordatError {}

/** Too many questions wait already. */
export class SqlBusyError extends ConcordatError {}

interface Job {
  readonly question: SqlQuestion;
  readonly resolve: (answer: SqlAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A process that answers. */
interface Answerer {
  readonly child: ChildProcess;
  /** Resolves when it has opened the index; rejects when it ends before. */
  readonly opened: Promise<unknown>;
}

/** Processes that answer. */
const PROCESSES = 2;
/** Questions that wait at most, of all clients and of one. */
const MAX_WAITING = 256;
const MAX_WAITING_OF_CLIENT = 32;
/** Mebibytes of JavaScript memory that one answer may take. */
const HEAP_MB = 192;
const PROGRAM = fileURLToPath(import.meta.resolve("#index/sql/sqlProcess"));

/**
 * Answers questions in processes of their own, one question at a time in each, and kills a process whose question takes too
 * long: SQLite's own code cannot be interrupted in a worker thread. Clients take turns.
 */
export class SqlPool {
  readonly #file: string;
  readonly #limits: SqlLimits;
  /** By client; the first client is next. */
  readonly #waiting = new Map<string, Job[]>();
  readonly #idle: Answerer[] = [];
  readonly #all = new Set<ChildProcess>();
  #isClosed = false;

  constructor(file: string, limits = DEFAULT_SQL_LIMITS) {
    this.#file = file;
    this.#limits = limits;
    this.#idle.push(this.#start());
  }

  /** @throws {SqlRefusedError} @throws {SqlBusyError} */
  async answer(client: string, question: SqlQuestion): Promise<SqlAnswer> {
    const own = this.#waiting.get(client) ?? [];
    const all = [...this.#waiting.values()].reduce((sum, jobs) => sum + jobs.length, 0);
    if (this.#isClosed || all >= MAX_WAITING || own.length >= MAX_WAITING_OF_CLIENT) {
      throw new SqlBusyError("Too many questions are waiting", { hint: "Ask again in a few seconds" });
    }
    const { promise, resolve, reject } = Promise.withResolvers<SqlAnswer>();
    own.push({ question, resolve, reject });
    this.#waiting.set(client, own);
    this.#dispatch();
    return promise;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const busy = new SqlBusyError("The server is stopping");
    for (const jobs of this.#waiting.values()) for (const { reject } of jobs) reject(busy);
    this.#waiting.clear();
    await Promise.all([...this.#all].map(kill));
  }

  #dispatch(): void {
    while (this.#waiting.size > 0 && (this.#idle.length > 0 || this.#all.size < PROCESSES)) {
      const job = this.#take();
      if (job !== undefined) void this.#run(this.#idle.pop() ?? this.#start(), job);
    }
  }

  /** The next client's first question; the client then stands last. */
  #take(): Job | undefined {
    for (const [client, jobs] of this.#waiting) {
      const job = jobs.shift();
      this.#waiting.delete(client);
      if (jobs.length > 0) this.#waiting.set(client, jobs);
      return job;
    }
    return undefined;
  }

  async #run(answerer: Answerer, { question, resolve, reject }: Job): Promise<void> {
    const { child, opened } = answerer;
    const { seconds } = this.#limits;
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    try {
      await opened;
      timer = setTimeout(() => {
        isLate = true;
        child.kill("SIGKILL");
      }, seconds * 1000);
      const replied = nextMessage(child);
      const request: SqlProcessRequest = { question, limits: this.#limits };
      child.send(request, () => undefined);
      const reply = await replied;
      if (reply !== undefined && "answer" in reply) resolve(reply.answer);
      else reject(refusal(reply?.error, isLate, seconds));
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      clearTimeout(timer);
    }
    if (this.#all.has(child)) this.#idle.push(answerer);
    this.#dispatch();
  }

  #start(): Answerer {
    const child = fork(PROGRAM, [this.#file], {
      execArgv: ["--no-warnings", `--max-old-space-size=${HEAP_MB}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#all.add(child);
    const opened = firstMessage(child, this.#file);
    opened.catch(() => undefined);
    const answerer = { child, opened };
    child.once("exit", () => {
      this.#all.delete(child);
      if (this.#idle.includes(answerer)) this.#idle.splice(this.#idle.indexOf(answerer), 1);
    });
    child.on("error", () => undefined);
    return answerer;
  }
}

/** @throws {ConcordatError} when the process ends without a message. */
async function firstMessage(child: ChildProcess, file: string): Promise<void> {
  if ((await nextMessage(child)) === undefined) {
    throw new ConcordatError(`The index ${file} cannot be opened for questions`);
  }
}

/** The next message of a process, undefined when it ends without one. */
async function nextMessage(child: ChildProcess): Promise<SqlProcessReply | undefined> {
  return new Promise((resolve) => {
    const settle = (reply?: unknown): void => {
      child.off("message", settle);
      child.off("exit", end);
      resolve(reply as SqlProcessReply | undefined);
    };
    const end = (): void => settle();
    child.on("message", settle);
    child.on("exit", end);
  });
}

function refusal(error: string | undefined, isLate: boolean, seconds: number): SqlRefusedError {
  if (isLate) {
    return new SqlRefusedError(`The question took longer than ${seconds} s`, {
      hint: "Narrow it, or ask your own copy of the database",
    });
  }
  if (error === undefined) {
    return new SqlRefusedError("The question needed too much memory", { hint: "Select less" });
  }
  if (/not authorized|authorization denied|readonly/.test(error)) {
    return new SqlRefusedError("Only SELECT is allowed", {
      hint: "Write a SELECT: questions cannot change anything",
    });
  }
  return new SqlRefusedError(`SQLite rejects the question: ${error}`);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
