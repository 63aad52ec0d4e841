/**
 * The process in which strangers' SQL runs: `sqlProcess.ts FILE`, started by SqlPool. A process and not a worker thread,
 * since SQLite in a thread cannot be stopped in the middle of a statement, and a process can.
 */
import { Worker } from "node:worker_threads";
import { openForQuestions } from "./openForQuestions.ts";
import { runQuery } from "./runQuery.ts";
import type { ResultLimits, SqlAnswer, SqlQuestion } from "./runQuery.ts";

export interface SqlProcessRequest {
  readonly question: SqlQuestion;
  readonly limits: ResultLimits & { readonly seconds: number };
}
/** What comes back; before the first request, an empty message says that the index is open. */
export type SqlProcessReply = { readonly answer: SqlAnswer } | { readonly error: string };

const [file = ""] = process.argv.slice(2);
const database = openForQuestions(file);
const watchdog = new Worker(new URL(import.meta.resolve("#index/sql/watchdog")));
watchdog.unref();
/** How much later than SqlPool the watchdog acts. */
const GRACE_MS = 500;

process.on("message", ({ question, limits }: SqlProcessRequest) => {
  watchdog.postMessage(limits.seconds * 1000 + GRACE_MS, []);
  process.send?.(reply(question, limits));
  watchdog.postMessage(0, []);
});
process.on("disconnect", () => process.exit());
process.send?.({});

function reply(question: SqlQuestion, limits: ResultLimits): SqlProcessReply {
  try {
    return { answer: runQuery(database, question, limits) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
