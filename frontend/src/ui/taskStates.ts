import { TaskState } from "@concordat/protocol/contracts/enums";

/** A task's state as a badge shows it; in sentences it is what `STATE_WORDS` of the protocol's words say. */
export const TASK_STATES: Readonly<
  Record<
    TaskState,
    { readonly word: string; readonly tone: "plain" | "good" | "bad" | "wait" | "info" | "accent" }
  >
> = {
  [TaskState.None]: { word: "unknown", tone: "plain" },
  [TaskState.Open]: { word: "Open to join", tone: "info" },
  [TaskState.Running]: { word: "Running", tone: "accent" },
  [TaskState.Completed]: { word: "Completed", tone: "good" },
  [TaskState.Aborted]: { word: "Aborted", tone: "bad" },
  [TaskState.Cancelled]: { word: "Cancelled", tone: "plain" },
};
