import { UNDECODABLE } from "./decodeLog.ts";
import type { AuditEvent } from "./eventLog.ts";

/** How many events of each kind there are that the contracts count as well. */
export interface EventCounts {
  readonly admissions: number;
  readonly removals: number;
  readonly proposals: number;
  readonly publications: number;
  /** Of one task. */
  task(taskId: number): TaskEventCounts;
}

export interface TaskEventCounts {
  /** Different members that ever joined. */
  readonly members: number;
  /** Rounds that the ledger recorded. */
  readonly records: number;
  /** Rounds that the coordinator finalised. */
  readonly finalisations: number;
  /** Updates and reports of one opening. */
  of(round: number, retry: number): { readonly updates: number; readonly reports: number };
}

/** Counts events as they come. */
export class EventCounter implements EventCounts {
  admissions = 0;
  removals = 0;
  proposals = 0;
  publications = 0;
  readonly #tasks = new Map<number, TaskCounter>();

  task(taskId: number): TaskCounter {
    const task = this.#tasks.get(taskId) ?? new TaskCounter();
    this.#tasks.set(taskId, task);
    return task;
  }

  add(event: AuditEvent): void {
    switch (event.name) {
      case "NodeAdmitted":
        this.admissions++;
        break;
      case "NodeRemoved":
        this.removals++;
        break;
      case "ProposalCreated":
        this.proposals++;
        break;
      case "TaskPublished":
        this.publications++;
        break;
      case "MemberJoined":
        this.task(event.args.taskId).memberIds.add(event.args.memberId);
        break;
      case "RoundRecorded":
        this.task(event.args.taskId).records++;
        break;
      case "RoundFinalised":
        this.task(event.args.taskId).finalisations++;
        break;
      case "UpdateAccepted":
      case "ReportAccepted":
        this.task(event.args.taskId).count(
          event.name === "UpdateAccepted" ? "updates" : "reports",
          `${event.args.round}/${event.args.retry}`,
        );
        break;
      case UNDECODABLE:
        // It stands for an event of its kind: what it says is another question.
        this.#addUndecodable(event.args.event);
    }
  }

  #addUndecodable(name: string): void {
    if (name === "NodeAdmitted") this.admissions++;
    if (name === "NodeRemoved") this.removals++;
    if (name === "ProposalCreated") this.proposals++;
    if (name === "TaskPublished") this.publications++;
  }
}

class TaskCounter implements TaskEventCounts {
  records = 0;
  finalisations = 0;
  readonly memberIds = new Set<number>();
  readonly #openings = new Map<string, { updates: number; reports: number }>();

  get members(): number {
    return this.memberIds.size;
  }

  of(round: number, retry: number): { readonly updates: number; readonly reports: number } {
    return this.#opening(`${round}/${retry}`);
  }

  count(kind: "updates" | "reports", opening: string): void {
    this.#opening(opening)[kind]++;
  }

  #opening(key: string): { updates: number; reports: number } {
    const opening = this.#openings.get(key) ?? { updates: 0, reports: 0 };
    this.#openings.set(key, opening);
    return opening;
  }
}
