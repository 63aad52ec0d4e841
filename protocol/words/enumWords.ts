import {
  EndReason,
  MemberStatus,
  Phase,
  ProposalKind,
  ProposalState,
  TaskState,
  VoidReason,
} from "../contracts/enums.ts";

/** The contracts' enums as a reader meets them. JSON keeps their names. */
export const STATE_WORDS: Readonly<Record<TaskState, string>> = {
  [TaskState.None]: "unknown",
  [TaskState.Open]: "open to join",
  [TaskState.Running]: "running",
  [TaskState.Completed]: "completed",
  [TaskState.Aborted]: "aborted",
  [TaskState.Cancelled]: "cancelled",
};

export const END_WORDS: Readonly<Record<EndReason, string>> = {
  [EndReason.None]: "",
  [EndReason.RoundsDone]: "all rounds are done",
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

export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  [Phase.None]: "not started",
  [Phase.Training]: "training",
  [Phase.Aggregation]: "aggregation",
  [Phase.Negotiation]: "negotiation of alpha",
  [Phase.Ended]: "ended",
};

export const MEMBER_WORDS: Readonly<Record<MemberStatus, string>> = {
  [MemberStatus.None]: "never joined",
  [MemberStatus.Active]: "active",
  [MemberStatus.Joining]: "joining at the next round",
  [MemberStatus.Leaving]: "leaving at the next round",
  [MemberStatus.Left]: "left",
};

export const PROPOSAL_KIND_WORDS: Readonly<Record<ProposalKind, string>> = {
  [ProposalKind.Admission]: "admission",
  [ProposalKind.Removal]: "removal",
};

export const PROPOSAL_STATE_WORDS: Readonly<Record<ProposalState, string>> = {
  [ProposalState.None]: "unknown",
  [ProposalState.Open]: "open",
  [ProposalState.Passed]: "passed",
  [ProposalState.Rejected]: "rejected",
  [ProposalState.Expired]: "expired",
};

/** The words for a number of an enum that a contract returned; a number that this release does not know is named. */
export function wordsFor<T extends number>(
  words: Readonly<Record<T, string>>,
  value: number | bigint,
): string {
  return words[Number(value) as T] ?? `unknown (${value})`;
}

/** Basis points as a percentage, e.g. "62.5 %". */
export function percentWords(bps: number): string {
  return `${bps / 100} %`;
}

/** A number of things, e.g. "1 round", "3 rounds". */
export function countWords(value: number | bigint, thing: string, things = `${thing}s`): string {
  return `${value.toLocaleString("en")} ${Number(value) === 1 ? thing : things}`;
}

/** A number of bytes, e.g. "7.1 MB". */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return countWords(bytes, "byte");
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
