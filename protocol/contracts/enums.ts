/**
 * The contracts' enums: the number stands on chain, the name in logs, reports and files. A position never changes.
 */
export const Phase = { None: 0, Training: 1, Aggregation: 2, Negotiation: 3, Ended: 4 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

export const TaskState = { None: 0, Open: 1, Running: 2, Completed: 3, Aborted: 4, Cancelled: 5 } as const;
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

/** Why a task left the state Running. */
export const EndReason = {
  None: 0,
  RoundsDone: 1,
  TimeLimit: 2,
  TargetScore: 3,
  HardEnd: 4,
  VoidRounds: 5,
  TooFewNodes: 6,
} as const;
export type EndReason = (typeof EndReason)[keyof typeof EndReason];

/** How alpha is chosen from the accuracy tables (paper 1, strategies A and B). */
export const Strategy = { ArgmaxMean: 0, MinVariance: 1 } as const;
export type Strategy = (typeof Strategy)[keyof typeof Strategy];

/** Whether the election seed is the model's hash alone or mixed with a block hash that nobody can choose. */
export const ElectionMode = { ModelHash: 0, ModelHashMixed: 1 } as const;
export type ElectionMode = (typeof ElectionMode)[keyof typeof ElectionMode];

/** Which end of [alphaLower, alphaUpper] the grid includes: r = 1..R (paper 1) or r = 0..R-1 (its prototype). */
export const AlphaGrid = { IncludeUpper: 0, IncludeLower: 1 } as const;
export type AlphaGrid = (typeof AlphaGrid)[keyof typeof AlphaGrid];

/** The model from which the next round's training starts. */
export const TrainingBase = { Global: 0, Personalised: 1 } as const;
export type TrainingBase = (typeof TrainingBase)[keyof typeof TrainingBase];

export const AggregationRule = { FedAvg: 0, Median: 1, TrimmedMean: 2, Krum: 3, MultiKrum: 4 } as const;
export type AggregationRule = (typeof AggregationRule)[keyof typeof AggregationRule];

/** Whether greater scores are better (accuracy in basis points) or lesser ones (a scaled error). */
export const ScoreKind = { Accuracy: 0, Error: 1 } as const;
export type ScoreKind = (typeof ScoreKind)[keyof typeof ScoreKind];

/** Why a result in an array was not counted. */
export const SkipReason = {
  None: 0,
  NotActive: 1,
  Duplicate: 2,
  BadSignature: 3,
  BadSamples: 4,
  BadScores: 5,
  ZeroDigest: 6,
} as const;
export type SkipReason = (typeof SkipReason)[keyof typeof SkipReason];

/** Why a round was void. */
export const VoidReason = { None: 0, NoQuorum: 1, AttemptsSpent: 2, TooFewUpdates: 3 } as const;
export type VoidReason = (typeof VoidReason)[keyof typeof VoidReason];

/** How alpha came about in a round. */
export const AlphaOrigin = { None: 0, Negotiated: 1, Kept: 2 } as const;
export type AlphaOrigin = (typeof AlphaOrigin)[keyof typeof AlphaOrigin];

export const MemberStatus = { None: 0, Active: 1, Joining: 2, Leaving: 3, Left: 4 } as const;
export type MemberStatus = (typeof MemberStatus)[keyof typeof MemberStatus];

/** What a vote of the node registry decides. */
export const ProposalKind = { Admission: 0, Removal: 1 } as const;
export type ProposalKind = (typeof ProposalKind)[keyof typeof ProposalKind];

export const ProposalState = { None: 0, Open: 1, Passed: 2, Rejected: 3, Expired: 4 } as const;
export type ProposalState = (typeof ProposalState)[keyof typeof ProposalState];

/** The name of an enum's value, e.g. `enumName(Phase, 1)` is "Training"; "unknown (9)" where there is none. */
export function enumName(values: Readonly<Record<string, number>>, value: number | bigint): string {
  const entry = Object.entries(values).find(([, number]) => number === Number(value));
  return entry === undefined ? `unknown (${value})` : entry[0];
}

/** The value as a member of its enum. @throws {RangeError} for a number that the enum does not have. */
export function enumValue<T extends number>(values: Readonly<Record<string, T>>, value: number | bigint): T {
  const found = Object.values(values).find((number) => number === Number(value));
  if (found === undefined) throw new RangeError(`${value} is not one of ${Object.keys(values).join(", ")}`);
  return found;
}
