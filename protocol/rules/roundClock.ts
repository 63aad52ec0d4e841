import type { TaskTerms } from "../terms/taskTerms.ts";

/** The terms that set a round's clock, in seconds. */
export type ClockTerms = Pick<
  TaskTerms,
  | "timeLimit"
  | "trainingSeconds"
  | "fetchSeconds"
  | "objectionSeconds"
  | "aggregationSeconds"
  | "negotiationSeconds"
  | "slotSeconds"
  | "maxAttempts"
>;

/** Seconds from a round's opening to the end of its last phase when every attempt runs out. */
export function longestRoundSeconds(terms: ClockTerms): number {
  return terms.trainingSeconds + terms.maxAttempts * terms.aggregationSeconds + terms.negotiationSeconds;
}

/** When any account may end the task whatever its phase: the longest round that starts at the time limit has passed. */
export function hardEndOf(terms: ClockTerms): number {
  return terms.timeLimit + longestRoundSeconds(terms);
}

/** When members stop fetching updates: what is missing then is left out, unless a member objects. */
export function fetchEndOf(terms: ClockTerms, phaseStart: number): number {
  return phaseStart + terms.fetchSeconds;
}

/** Until when a member may object to an omission by handing the proposer the bytes. */
export function objectEndOf(terms: ClockTerms, phaseStart: number): number {
  return phaseStart + terms.fetchSeconds + terms.objectionSeconds;
}

/** From when the committee member of this rank may propose; earlier ranks stay eligible until the phase ends. */
export function rankOpensAt(terms: ClockTerms, phaseStart: number, rank: number): number {
  return phaseStart + rank * terms.slotSeconds;
}
