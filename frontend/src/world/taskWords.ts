import { EndReason, TaskState, VoidReason } from "@concordat/protocol/contracts/enums";

/** A task's state as readers see it. */
export const STATE_WORDS: Readonly<
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

export const END_WORDS: Readonly<Record<EndReason, string>> = {
  [EndReason.None]: "",
  [EndReason.RoundsDone]: "all its rounds were done",
  [EndReason.TimeLimit]: "its time limit had passed",
  [EndReason.TargetScore]: "the target score was reached",
  [EndReason.HardEnd]: "it was ended at its last possible moment",
  [EndReason.VoidRounds]: "too many rounds in a row were void",
  [EndReason.TooFewNodes]: "too few nodes were left",
};

export const VOID_WORDS: Readonly<Record<VoidReason, string>> = {
  [VoidReason.None]: "",
  [VoidReason.NoQuorum]: "fewer nodes than the quorum posted an update in time",
  [VoidReason.AttemptsSpent]: "no committee posted an aggregate in time",
  [VoidReason.TooFewUpdates]: "fewer updates could be had than the aggregation rule needs",
};
