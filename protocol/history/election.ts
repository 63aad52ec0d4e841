import { Phase } from "../contracts/enums.ts";
import { attemptSeed, electCommittee, leaderPosition } from "../rules/committeeElection.ts";
import { currentPhase } from "./rounds.ts";
import type { MemberRecord, Opening, TaskRecord } from "./federationState.ts";

/** Members that have yet to act in the present phase; in Aggregation the committee, of which one must propose. */
export function awaited(task: TaskRecord, opening: Opening): readonly MemberRecord[] {
  const phase = currentPhase(opening);
  switch (phase?.phase) {
    case Phase.Training:
      return opening.active.filter(({ nodeId }) => !opening.updates.has(nodeId));
    case Phase.Aggregation:
      return committeeOf(task, opening, phase.attempt)?.members ?? [];
    case Phase.Negotiation:
      return opening.active.filter(({ nodeId }) => !opening.reports.has(nodeId));
    case Phase.None:
    case Phase.Ended:
    case undefined:
      return [];
  }
}

/** How a committee came about. */
export interface Election {
  readonly seed: string;
  /** 0-based position of the leader. */
  readonly position: number;
  readonly members: readonly MemberRecord[];
  readonly threshold: number;
}

/** The committee of an attempt, elected again from the events; undefined until the seed is sealed. */
export function committeeOf(task: TaskRecord, opening: Opening, attempt: number): Election | undefined {
  if (opening.seed === undefined || opening.active.length === 0) return undefined;
  const seed = attemptSeed(opening.seed, attempt);
  const { members, threshold } = electCommittee(
    opening.seed,
    attempt,
    opening.active,
    task.terms.gammaBps,
    ({ nodeId }) => opening.updates.has(nodeId),
  );
  return { seed, position: leaderPosition(seed, opening.active.length), members, threshold };
}
