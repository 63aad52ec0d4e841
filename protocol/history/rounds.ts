import { TaskState } from "../contracts/enums.ts";
import { settleRound } from "../rules/rewardSchedule.ts";
import type { FinalisedRecord, Opening, PhaseRecord, TaskRecord } from "./federationState.ts";

/** The opening that runs now, or undefined where none does. */
export function currentOpening(task: TaskRecord): Opening | undefined {
  return task.state === TaskState.Running ? task.openings.at(-1) : undefined;
}

export function currentPhase(opening: Opening): PhaseRecord | undefined {
  return opening.phases.at(-1);
}

/** What the events say of a member's standing after each recorded round. */
export interface Standing {
  readonly round: number;
  readonly reputation: number;
  /** In the reward token's smallest unit. */
  readonly earned: bigint;
}

/** A member's reputation and reward over the rounds, by the rule of the ledger. The first entry stands before round 1. */
export function standings(task: TaskRecord, memberId: number): readonly Standing[] {
  let account = { reputation: task.terms.reputationInitial, earned: 0n };
  const list: Standing[] = [{ round: 0, ...account }];
  for (const { round, accepted, lowered } of task.recorded) {
    const outcome = accepted.includes(memberId)
      ? "accepted"
      : lowered.includes(memberId)
        ? "lowered"
        : "neutral";
    account = settleRound(account, outcome, task.terms);
    list.push({ round, ...account });
  }
  return list;
}

/** The openings that finalised a round, one a round. */
export function finalisedOpenings(task: TaskRecord): readonly Opening[] {
  return task.openings.filter(({ finalised }) => finalised !== undefined);
}

/** The mean of the reported scores at the chosen alpha; undefined where alpha was kept. */
export function meanScore({ sums, index, reports }: FinalisedRecord): number | undefined {
  const sum = sums[index - 1];
  return sum === undefined || reports === 0 ? undefined : Number(sum) / reports;
}
