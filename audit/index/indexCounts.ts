import type { DatabaseSync } from "node:sqlite";
import type { EventCounts, TaskEventCounts } from "../reading/eventCounts.ts";
import { UNDECODABLE } from "../reading/decodeLog.ts";

/** Events of an index by their kinds, as they are now. */
export class IndexCounts implements EventCounts {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get admissions(): number {
    return this.#ofKind("NodeAdmitted");
  }

  get removals(): number {
    return this.#ofKind("NodeRemoved");
  }

  get proposals(): number {
    return this.#ofKind("ProposalCreated");
  }

  get publications(): number {
    return this.#ofKind("TaskPublished");
  }

  /** Whether a task has ended: nothing that the contracts count of it changes any more. */
  hasEnded(taskId: number): boolean {
    const ends = ["TaskEnded", "TaskCancelled"];
    return ends.some(
      (table) => this.#count(`SELECT count(*) AS n FROM ${table} WHERE taskId = ?`, taskId) > 0,
    );
  }

  task(taskId: number): TaskEventCounts {
    const rows = (table: string): number =>
      this.#count(`SELECT count(*) AS n FROM ${table} WHERE taskId = ?`, taskId);
    const ofOpening = (table: string, round: number, retry: number): number =>
      this.#count(
        `SELECT count(*) AS n FROM ${table} WHERE taskId = ? AND round = ? AND retry = ?`,
        taskId,
        round,
        retry,
      );
    return {
      members: this.#count("SELECT count(DISTINCT memberId) AS n FROM MemberJoined WHERE taskId = ?", taskId),
      records: rows("RoundRecorded"),
      finalisations: rows("RoundFinalised"),
      of: (round, retry) => ({
        updates: ofOpening("UpdateAccepted", round, retry),
        reports: ofOpening("ReportAccepted", round, retry),
      }),
    };
  }

  /** Events of a kind, those too whose bytes could not be read. */
  #ofKind(name: string): number {
    const unread = `SELECT count(*) AS n FROM events WHERE name = '${UNDECODABLE}' AND json_extract(args, '$.event') = ?`;
    return this.#count(`SELECT count(*) AS n FROM ${name}`) + this.#count(unread, name);
  }

  #count(sql: string, ...values: (string | number)[]): number {
    return Number(this.#database.prepare(sql).get(...values)?.["n"]);
  }
}
