import type { Bitmap } from "@concordat/protocol/rules/bitmap";
import { bitmapMinus, bitmapUnion, toBitmap } from "@concordat/protocol/rules/bitmap";
import { ZERO_DIGEST } from "@concordat/protocol/ids";
import type { Committee } from "@concordat/protocol/rules/committeeElection";
import { electCommittee } from "@concordat/protocol/rules/committeeElection";
import type { ScoreTotals } from "@concordat/protocol/rules/packedScores";
import { endOf, transitionOf, unopened } from "@concordat/protocol/rules/roundMachine";
import type { RoundState, Transition } from "@concordat/protocol/rules/roundMachine";
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

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A task's present round as the events make it. */
export interface ReplayedRound extends Writable<RoundState> {
  readonly task: ReplayedTask;
  seed: string | undefined;
  /** Members by position at the opening: fixed until the next one. */
  active: readonly { readonly memberId: number; readonly nodeId: number }[];
  /** Members that the task ever had at the opening: the length of bitmaps. */
  memberCount: number;
  alphaBps: number;
  readonly posted: Map<number, PostedUpdate>;
  readonly reported: Set<number>;
  totals: ScoreTotals;
  aggregate: AcceptedAggregate | undefined;
  /** Digest of the last aggregate of any round, zero before: what the contract's slot keeps until the next one. */
  lastAggregate: string;
  /** Duties missed that the next transition has to explain. */
  missed: MissedDuty[];
}

/** A task whose first round is about to open. */
export function unopenedRound(task: ReplayedTask): ReplayedRound {
  return {
    ...unopened(task.terms),
    task,
    seed: undefined,
    active: [],
    memberCount: 0,
    alphaBps: task.terms.initialAlphaBps,
    posted: new Map(),
    reported: new Set(),
    totals: { reports: 0, sums: [], squares: [] },
    aggregate: undefined,
    lastAggregate: ZERO_DIGEST,
    missed: [],
  };
}

/** What the rules make of the round now. */
export function transition(round: ReplayedRound, now: number): Transition {
  const { posted, totals, aggregate, task } = round;
  const attested =
    aggregate === undefined ? "nothing" : aggregate.digest === ZERO_DIGEST ? "too few updates" : "aggregate";
  const acts = { posted: posted.size, reported: totals.reports, attested } as const;
  return transitionOf(round, task.terms, acts, now);
}

export function activeMember(round: ReplayedRound, nodeId: number): number {
  return round.active.find((member) => member.nodeId === nodeId)?.memberId ?? 0;
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
 * How the task has to end now, `None` where it has to go on. Membership is as after the changes of the opening that was under
 * way.
 */
export function expectedEnd(round: ReplayedRound, now: number): ReturnType<typeof endOf> {
  const { terms, roster } = round.task;
  return endOf(round, terms, roster.active.length, now);
}
