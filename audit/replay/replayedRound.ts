import type { Bitmap } from "../../protocol/bitmap.ts";
import { bitmapMinus, bitmapUnion, toBitmap } from "../../protocol/bitmap.ts";
import { EndReason, Phase } from "../../protocol/enums.ts";
import { ZERO_DIGEST } from "../../protocol/ids.ts";
import type { Committee } from "../../protocol/rules/committeeElection.ts";
import { electCommittee } from "../../protocol/rules/committeeElection.ts";
import type { ScoreTotals } from "../../protocol/rules/packedScores.ts";
import type { RoundOutcome } from "./rewardLedgerReplay.ts";
import type { ReplayedTask } from "./taskRegistryReplay.ts";

/** An update that was accepted in the present retry. */
export interface PostedUpdate {
  readonly nodeId: number;
  readonly memberId: number;
  readonly digest: string;
  readonly samples: number;
}

/** An aggregate that was accepted in the present retry; digest zero voids the round. */
export interface AcceptedAggregate {
  readonly digest: string;
  readonly accepted: Bitmap;
  readonly rejected: Bitmap;
}

/** A duty missed: the node's rank in an attempt's committee. */
export type MissedDuty = readonly [nodeId: number, rank: number];

/** A task's present round as the events make it. */
export interface ReplayedRound {
  readonly task: ReplayedTask;
  round: number;
  retry: number;
  attempt: number;
  attemptsLeft: number;
  voidsInRow: number;
  phase: Phase;
  phaseStart: number;
  deadline: number;
  openedAt: number;
  base: string;
  seed: string | undefined;
  sealBlock: number;
  /** Members by position at the opening: fixed until the next one. */
  active: readonly { readonly memberId: number; readonly nodeId: number }[];
  /** Members that the task ever had at the opening: the length of bitmaps. */
  memberCount: number;
  quorum: number;
  alphaBps: number;
  readonly posted: Map<number, PostedUpdate>;
  readonly reported: Set<number>;
  totals: ScoreTotals;
  aggregate: AcceptedAggregate | undefined;
  /** Digest of the last aggregate of any round, zero before: what the contract's slot keeps until the next one. */
  lastAggregate: string;
  /** Duties missed that the next transition has to explain. */
  missed: MissedDuty[];
  /** What the last transition was: it decides what has to come next. */
  after: "start" | "running" | "finalised" | "voided";
  targetMet: boolean;
}

/** A task whose first round is about to open. */
export function unopenedRound(task: ReplayedTask): ReplayedRound {
  return {
    task,
    round: 0,
    retry: 0,
    attempt: 0,
    attemptsLeft: 0,
    voidsInRow: 0,
    phase: Phase.None,
    phaseStart: 0,
    deadline: 0,
    openedAt: 0,
    base: task.terms.initialModelDigest,
    seed: undefined,
    sealBlock: 0,
    active: [],
    memberCount: 0,
    quorum: 0,
    alphaBps: task.terms.initialAlphaBps,
    posted: new Map(),
    reported: new Set(),
    totals: { reports: 0, sums: [], squares: [] },
    aggregate: undefined,
    lastAggregate: ZERO_DIGEST,
    missed: [],
    after: "start",
    targetMet: false,
  };
}

export function activeMember(round: ReplayedRound, nodeId: bigint | number): number {
  return round.active.find((member) => member.nodeId === Number(nodeId))?.memberId ?? 0;
}

export function postedBitmap(round: ReplayedRound): Bitmap {
  return toBitmap(round.posted.keys(), round.memberCount);
}

/** The committee of the present attempt; empty before the seed is sealed. */
export function committeeOf(round: ReplayedRound): Committee<{ memberId: number; nodeId: number }> {
  if (round.seed === undefined) return { members: [], threshold: 0 };
  const { gammaBps } = round.task.terms;
  return electCommittee(round.seed, round.attempt, round.active, gammaBps, ({ memberId }) =>
    round.posted.has(memberId),
  );
}

/** Who earned and whose reputation falls, by the terms (DESIGN.md section 6). */
export function outcomeOf(round: ReplayedRound): RoundOutcome | undefined {
  if (round.aggregate === undefined) return undefined;
  const { penaliseUnavailable, penaliseSilent } = round.task.terms;
  const { accepted, rejected } = round.aggregate;
  const posted = postedBitmap(round);
  const active = toBitmap(
    round.active.map(({ memberId }) => memberId),
    round.memberCount,
  );
  let lowered = rejected;
  if (penaliseUnavailable) lowered = bitmapUnion(lowered, bitmapMinus(posted, accepted));
  if (penaliseSilent) lowered = bitmapUnion(lowered, bitmapMinus(active, posted));
  return { accepted, lowered };
}

/**
 * How the task has to end now, `None` where it has to go on. Rounds played counts finalised rounds only. Membership is as
 * after the changes of the opening that was under way.
 */
export function expectedEnd(
  round: ReplayedRound,
  now: number,
): { readonly reason: EndReason; readonly roundsPlayed: number } {
  const roundsPlayed = round.after === "finalised" ? round.round : Math.max(0, round.round - 1);
  return { reason: endReason(round, now), roundsPlayed };
}

function endReason(round: ReplayedRound, now: number): EndReason {
  const { terms, hardEnd, roster } = round.task;
  switch (round.after) {
    case "start":
      return EndReason.None;
    case "running":
      return now >= hardEnd ? EndReason.HardEnd : EndReason.None;
    case "finalised":
      if (round.round === terms.rounds) return EndReason.RoundsDone;
      if (round.targetMet) return EndReason.TargetScore;
      break;
    case "voided":
      if (round.voidsInRow === terms.maxVoidRounds) return EndReason.VoidRounds;
  }
  if (now >= terms.timeLimit) return EndReason.TimeLimit;
  return roster.active.length < terms.minNodes ? EndReason.TooFewNodes : EndReason.None;
}

/** Whether this transition applies membership changes: it goes on to an opening, or finds too few nodes there. */
export function gathersMembers(round: ReplayedRound, now: number): boolean {
  const reason = endReason(round, now);
  return reason === EndReason.None || reason === EndReason.TooFewNodes;
}
