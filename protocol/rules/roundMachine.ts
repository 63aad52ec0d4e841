import { ElectionMode, EndReason, Phase, VoidReason } from "../contracts/enums.ts";
import type { TaskTerms } from "../terms/taskTerms.ts";
import { hardEndOf } from "./roundClock.ts";
import type { ClockTerms } from "./roundClock.ts";
import { quorumOf } from "./quorum.ts";

/** The terms that decide how rounds follow each other. */
export type MachineTerms = ClockTerms &
  Pick<
    TaskTerms,
    "initialModelDigest" | "rounds" | "minNodes" | "maxVoidRounds" | "quorumBps" | "electionMode"
  >;

/** A task's present round, as its coordinator keeps it. Times in unix seconds. */
export interface RoundState {
  readonly round: number;
  /** Void openings of this round before this one. */
  readonly retry: number;
  readonly attempt: number;
  /** Committees that may still try in this opening after the present one. */
  readonly attemptsLeft: number;
  readonly voidsInRow: number;
  readonly phase: Phase;
  readonly phaseStart: number;
  readonly deadline: number;
  readonly openedAt: number;
  /** Block whose hash is mixed into the seed; 0 where none is. */
  readonly sealBlock: number;
  /** Digest of the model from which the round starts. */
  readonly base: string;
  readonly activeCount: number;
  readonly quorum: number;
  /** What the last transition was: it decides what has to come next. */
  readonly after: "start" | "running" | "finalised" | "voided";
  /** Whether the round that was finalised last met the task's target score. */
  readonly targetMet: boolean;
}

/** What members did in the present opening. */
export interface RoundActs {
  readonly posted: number;
  readonly reported: number;
  /** What the committee attested: an aggregate, or that too few updates could be had. */
  readonly attested: "nothing" | "aggregate" | "too few updates";
}

/** What a call to the coordinator makes of a round now. */
export type Transition =
  | { readonly kind: "none" }
  /** `isFailover`: the attempt before let its time pass, and its leader missed a duty. */
  | { readonly kind: "enter"; readonly phase: Phase; readonly attempt: number; readonly isFailover: boolean }
  | { readonly kind: "void"; readonly reason: VoidReason }
  | { readonly kind: "finalise" }
  | { readonly kind: "end"; readonly reason: EndReason };

/** A task whose first round is about to open. */
export function unopened(terms: Pick<MachineTerms, "initialModelDigest">): RoundState {
  return {
    round: 0,
    retry: 0,
    attempt: 0,
    attemptsLeft: 0,
    voidsInRow: 0,
    phase: Phase.None,
    phaseStart: 0,
    deadline: 0,
    openedAt: 0,
    sealBlock: 0,
    base: terms.initialModelDigest,
    activeCount: 0,
    quorum: 0,
    after: "start",
    targetMet: false,
  };
}

/**
 * What is to happen at second `now`, by the phase table: early where all have acted, at the deadline by the quorum, and whatever
 * the phase at the hard end.
 */
export function transitionOf(
  state: RoundState,
  terms: MachineTerms,
  { posted, reported, attested }: RoundActs,
  now: number,
): Transition {
  if (state.phase !== Phase.None && now >= hardEndOf(terms))
    return { kind: "end", reason: EndReason.HardEnd };
  const due = now >= state.deadline;
  switch (state.phase) {
    case Phase.None:
      return enter(state, Phase.Training);
    case Phase.Training:
      if (posted === state.activeCount || (due && posted >= state.quorum)) {
        return enter(state, Phase.Aggregation);
      }
      return due ? { kind: "void", reason: VoidReason.NoQuorum } : NONE;
    case Phase.Aggregation:
      if (attested === "too few updates") return { kind: "void", reason: VoidReason.TooFewUpdates };
      if (attested === "aggregate") return enter(state, Phase.Negotiation);
      if (!due) return NONE;
      if (state.attemptsLeft === 0) return { kind: "void", reason: VoidReason.AttemptsSpent };
      return { kind: "enter", phase: Phase.Aggregation, attempt: state.attempt + 1, isFailover: true };
    case Phase.Negotiation:
      return due || reported === state.activeCount ? { kind: "finalise" } : NONE;
    case Phase.Ended:
      return NONE;
  }
}

const NONE: Transition = { kind: "none" };

function enter({ attempt }: RoundState, phase: Phase): Transition {
  return { kind: "enter", phase, attempt, isFailover: false };
}

/** The round in another phase, whose clock starts now. No phase outlasts the hard end. */
export function enterPhase(
  state: RoundState,
  terms: MachineTerms,
  { phase, attempt, isFailover }: { phase: Phase; attempt: number; isFailover: boolean },
  now: number,
): RoundState {
  const deadline = Math.min(now + secondsOf(terms, phase), hardEndOf(terms));
  const attemptsLeft = state.attemptsLeft - (isFailover ? 1 : 0);
  return { ...state, phase, attempt, attemptsLeft, phaseStart: now, deadline };
}

function secondsOf(terms: ClockTerms, phase: Phase): number {
  switch (phase) {
    case Phase.Training:
      return terms.trainingSeconds;
    case Phase.Aggregation:
      return terms.aggregationSeconds;
    case Phase.Negotiation:
      return terms.negotiationSeconds;
    case Phase.None:
    case Phase.Ended:
      return 0;
  }
}

/** The round once it is final. */
export function finalised(state: RoundState, targetMet: boolean): RoundState {
  return { ...state, after: "finalised", targetMet };
}

/** The round once its opening is void. */
export function voided(state: RoundState): RoundState {
  return { ...state, after: "voided", voidsInRow: state.voidsInRow + 1 };
}

/** Whether membership changes apply now: the task goes on to an opening, unless too few nodes are left after them. */
export function gathersMembers(state: RoundState, terms: MachineTerms, now: number): boolean {
  return endBeforeChanges(state, terms, now) === EndReason.None;
}

/**
 * Why the task has to end now, None where it goes on, and how many rounds were finalised.
 * @param activeCount Members that are active after the changes of the opening that is under way.
 */
export function endOf(
  state: RoundState,
  terms: MachineTerms,
  activeCount: number,
  now: number,
): { readonly reason: EndReason; readonly roundsPlayed: number } {
  const roundsPlayed = state.after === "finalised" ? state.round : Math.max(0, state.round - 1);
  const early = endBeforeChanges(state, terms, now);
  const isBetween = state.after === "finalised" || state.after === "voided";
  const tooFew = early === EndReason.None && isBetween && activeCount < terms.minNodes;
  return { reason: tooFew ? EndReason.TooFewNodes : early, roundsPlayed };
}

function endBeforeChanges(state: RoundState, terms: MachineTerms, now: number): EndReason {
  switch (state.after) {
    case "start":
      return EndReason.None;
    case "running":
      return now >= hardEndOf(terms) ? EndReason.HardEnd : EndReason.None;
    case "finalised":
      if (state.round === terms.rounds) return EndReason.RoundsDone;
      if (state.targetMet) return EndReason.TargetScore;
      break;
    case "voided":
      if (state.voidsInRow === terms.maxVoidRounds) return EndReason.VoidRounds;
  }
  return now >= terms.timeLimit ? EndReason.TimeLimit : EndReason.None;
}

/**
 * The opening that follows: the next round from the aggregate of the one before, or the same round again from the same base,
 * with the attempts that it used. Its Training begins with {@link enterPhase}.
 * @param aggregate Digest of the aggregate that was finalised.
 */
export function openRound(
  state: RoundState,
  terms: MachineTerms,
  opening: {
    readonly activeCount: number;
    readonly now: number;
    readonly block: number;
    readonly aggregate: string | undefined;
  },
): RoundState {
  const { activeCount, now, block, aggregate } = opening;
  const shared = {
    ...state,
    attemptsLeft: terms.maxAttempts - 1,
    phase: Phase.None,
    openedAt: now,
    activeCount,
    quorum: quorumOf(terms.quorumBps, activeCount),
    after: "running",
    targetMet: false,
  } as const;
  if (state.after === "voided") {
    // An attempt that was under way in Aggregation is spent; one that voided before it did not use any.
    const spent = state.phase === Phase.Aggregation ? 1 : 0;
    return { ...shared, retry: state.retry + 1, attempt: state.attempt + spent };
  }
  const isMixed = terms.electionMode === ElectionMode.ModelHashMixed;
  return {
    ...shared,
    round: state.round + 1,
    retry: 0,
    attempt: 0,
    voidsInRow: 0,
    base: (state.after === "finalised" ? aggregate : undefined) ?? state.base,
    sealBlock: isMixed ? block + 1 : 0,
  };
}
