import { TaskState } from "@concordat/protocol/contracts/enums";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** Which tasks a reader asks for, by a word that stands in the address. */
export const STATES = [
  ["all", "All", undefined],
  ["open", "Open", [TaskState.Open]],
  ["running", "Running", [TaskState.Running]],
  ["ended", "Ended", [TaskState.Completed, TaskState.Aborted, TaskState.Cancelled]],
] as const satisfies readonly (readonly [string, string, readonly TaskState[] | undefined])[];
export type StateFilter = (typeof STATES)[number][0];

export const ORDERS = [
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["nodes", "Most nodes first"],
  ["escrow", "Most in escrow first"],
] as const;
export type Order = (typeof ORDERS)[number][0];

/** What the address of the list of tasks says. */
export interface TaskListSearch {
  readonly state?: StateFilter | undefined;
  /** A text: name, number or publisher. */
  readonly text?: string | undefined;
  /** An account: only what it published. */
  readonly by?: string | undefined;
  readonly order?: Order | undefined;
}

export function parseTaskListSearch(search: Readonly<Record<string, unknown>>): TaskListSearch {
  return {
    state: STATES.find(([name]) => name === search["state"])?.[0],
    // The address makes a number of a text of digits.
    text: words(search["text"]),
    by: words(search["by"])?.toLowerCase(),
    order: ORDERS.find(([name]) => name === search["order"])?.[0],
  };
}

function words(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).slice(0, 100);
  return text === "" ? undefined : text;
}

/** The tasks that are asked for, in the order that is asked for. `nameOf` gives a task's name where it is known. */
export function chosenTasks(
  tasks: Iterable<TaskRecord>,
  { state = "all", text, by, order = "newest" }: TaskListSearch,
  nameOf: (task: TaskRecord) => string | undefined,
): readonly TaskRecord[] {
  const states: readonly TaskState[] | undefined = STATES.find(([name]) => name === state)?.[2];
  const wanted = text?.trim().toLowerCase();
  const chosen = [...tasks].filter(
    (task) =>
      (states?.includes(task.state) ?? true) &&
      (by === undefined || task.publisher.toLowerCase() === by) &&
      (wanted === undefined || wanted === "" || isAbout(task, wanted, nameOf(task))),
  );
  return chosen.toSorted((a, b) => compare(a, b, order) || b.taskId - a.taskId);
}

function isAbout(task: TaskRecord, wanted: string, name: string | undefined): boolean {
  if (/^\d+$/.test(wanted)) return String(task.taskId) === wanted || name?.includes(wanted) === true;
  const texts = [name ?? "", task.publisher, `task ${task.taskId}`];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

function compare(a: TaskRecord, b: TaskRecord, order: Order): number {
  switch (order) {
    case "newest":
      return b.taskId - a.taskId;
    case "oldest":
      return a.taskId - b.taskId;
    case "nodes":
      return b.active.length - a.active.length;
    case "escrow":
      return b.escrowLeft > a.escrowLeft ? 1 : b.escrowLeft < a.escrowLeft ? -1 : 0;
  }
}

/** A task, with how many more of its publisher are left out after it. */
export interface Shown {
  readonly task: TaskRecord;
  readonly alike: number;
}

/**
 * Tasks that nobody has joined, one of each publisher, with how many more there are: whoever publishes many does not fill the
 * page with them.
 */
export function withoutRepeats(tasks: readonly TaskRecord[]): readonly Shown[] {
  const empty = Map.groupBy(tasks.filter(isEmpty), ({ publisher }) => publisher.toLowerCase());
  return tasks.flatMap((task) => {
    if (!isEmpty(task)) return [{ task, alike: 0 }];
    const alike = empty.get(task.publisher.toLowerCase()) ?? [];
    return alike[0] === task ? [{ task, alike: alike.length - 1 }] : [];
  });
}

function isEmpty({ members, openings }: TaskRecord): boolean {
  return members.size === 0 && openings.length === 0;
}
