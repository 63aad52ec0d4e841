/** What a finalised round says of a member: `accepted` is the paper's a = H, `lowered` a = L. */
export type Outcome = "accepted" | "lowered" | "neutral";

/** Reputation terms of a task: h, the maximum, and whether a lowered member below h stays instead of climbing. */
export interface ReputationTerms {
  readonly reputationInitial: number;
  readonly reputationMax: number;
  readonly strictReputation: boolean;
}

/**
 * Reputation after a round (paper 2, Eq. 2). At or above h it rises by one up to the maximum when accepted and falls by
 * one when lowered, from h to zero; below h it climbs by one either way, unless the terms are strict.
 */
export function nextReputation(reputation: number, outcome: Outcome, terms: ReputationTerms): number {
  const { reputationInitial: h, reputationMax, strictReputation } = terms;
  switch (outcome) {
    case "neutral":
      return reputation;
    case "accepted":
      return Math.min(reputationMax, reputation + 1);
    case "lowered":
      if (reputation > h) return reputation - 1;
      if (reputation === h) return 0;
      return strictReputation ? reputation : reputation + 1;
  }
}
