import type { Outcome, ReputationTerms } from "./reputationRule.ts";
import { nextReputation } from "./reputationRule.ts";

/** The terms that bound what a task can pay. */
export interface RewardTerms extends Pick<ReputationTerms, "reputationInitial" | "reputationMax"> {
  readonly rounds: number;
  readonly maxNodes: number;
  readonly rewardUnit: bigint;
}

/** Most that one member can earn in the first `rounds` rounds, in wei: e(t') = sum over t < t' of min(max, h + t) * unit. */
export function memberReserve(terms: Omit<RewardTerms, "rounds" | "maxNodes">, rounds: number): bigint {
  const h = BigInt(terms.reputationInitial);
  const max = BigInt(terms.reputationMax);
  const all = BigInt(rounds);
  const rising = max - h < all ? max - h : all;
  const units = rising * h + (rising * (rising - 1n)) / 2n + (all - rising) * max;
  return units * terms.rewardUnit;
}

/** The escrow of a publication, in wei: the worst case, in which maxNodes members are accepted in every round. */
export function escrowOf(terms: RewardTerms): bigint {
  return BigInt(terms.maxNodes) * memberReserve(terms, terms.rounds);
}

/** Where a task's money stands after its end. */
export interface EndedTask {
  readonly roundsPlayed: number;
  /** Members whose rounds are not all settled. */
  readonly unsettledMembers: number;
  /** Sum of the settled rewards, in wei. */
  readonly credited: bigint;
  /** Refunded before, in wei. */
  readonly refunded: bigint;
}

/**
 * What the publisher may take back after the end, in wei: the escrow less what was credited and refunded, and less the
 * reserve of each unsettled member (of at most maxNodes, who cannot earn more together). Nothing while these overlap:
 * where more than maxNodes ever took part, the settled ones' rewards stand beside a full reserve.
 */
export function refundableOf(terms: RewardTerms, task: EndedTask): bigint {
  const unsettled = BigInt(Math.min(task.unsettledMembers, terms.maxNodes));
  const reserved = task.credited + task.refunded + unsettled * memberReserve(terms, task.roundsPlayed);
  const escrow = escrowOf(terms);
  return escrow > reserved ? escrow - reserved : 0n;
}

/** A member's account after one more round: an accepted update earns the reputation at the round's start times the unit. */
export function settleRound(
  account: { readonly reputation: number; readonly earned: bigint },
  outcome: Outcome,
  terms: ReputationTerms & { readonly rewardUnit: bigint },
): { readonly reputation: number; readonly earned: bigint } {
  const reward = outcome === "accepted" ? BigInt(account.reputation) * terms.rewardUnit : 0n;
  return {
    reputation: nextReputation(account.reputation, outcome, terms),
    earned: account.earned + reward,
  };
}
