import { ZeroAddress, ZeroHash } from "ethers";
import { aggregationRuleName, minimumUpdates } from "../aggregationRule.ts";
import { ScoreKind } from "../enums.ts";
import type { TaskTerms } from "../taskTerms.ts";
import { MAX_NEGOTIATION_STEPS } from "./packedScores.ts";
import { quorumOf } from "./quorum.ts";
import { escrowOf } from "./rewardSchedule.ts";

const DAY = 86_400;
const BPS = 10_000;
/** Amounts of one task are kept in 128 bits. */
const MAX_ESCROW = 2n ** 128n - 1n;

/** Bounds of the terms, as the task registry checks them. */
export const TERM_LIMITS = {
  minArtifactBytes: 1024,
  maxArtifactBytes: 2 ** 31 - 1,
  /** Most members that a task can have active, and ever. */
  maxNodes: 1024,
  maxPhaseSeconds: 30 * DAY,
  maxDisputeWindowSeconds: 365 * DAY,
  /** From publication to the time limit. */
  maxLifetimeSeconds: 3650 * DAY,
  maxAttempts: 64,
  maxRounds: 100_000,
  maxReputation: 1_000_000,
} as const;

/** The first bad term, by the name of the contract's error for it. */
export interface TermsFault {
  readonly error: string;
  /** The error's arguments: the offending values. */
  readonly args: readonly (string | number | bigint)[];
}

/** What terms are checked against: the chain's clock, and which accounts are contracts (unknown: not checked). */
export interface PublicationContext {
  /** Unix seconds of the block that publishes. */
  readonly now: number;
  readonly isContract?: (account: string) => boolean;
}

type Check = (terms: TaskTerms, context: PublicationContext) => TermsFault | undefined;

/** The fault that publishing these terms would revert with, or undefined for valid terms. */
export function validateTerms(terms: TaskTerms, context: PublicationContext): TermsFault | undefined {
  for (const check of CHECKS) {
    const fault = check(terms, context);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function unless(holds: boolean, error: string, ...args: TermsFault["args"]): TermsFault | undefined {
  return holds ? undefined : { error, args };
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** In the order in which the contract checks. */
const CHECKS: readonly Check[] = [
  (t) => unless(t.manifestDigest !== ZeroHash, "ZeroManifestDigest"),
  (t) => unless(t.initialModelDigest !== ZeroHash, "ZeroInitialModelDigest"),
  (t) =>
    unless(
      within(t.maxArtifactBytes, TERM_LIMITS.minArtifactBytes, TERM_LIMITS.maxArtifactBytes),
      "InvalidMaxArtifactBytes",
      t.maxArtifactBytes,
    ),
  (t) => unless(t.coordinator !== ZeroAddress, "ZeroCoordinator"),
  (t) => unless(t.arbiter !== ZeroAddress, "ZeroArbiter"),
  (t) => unless(t.stakeVault !== ZeroAddress, "ZeroStakeVault"),
  (t) => unless(t.rewardLedger !== ZeroAddress, "ZeroRewardLedger"),
  (t) =>
    unless(
      within(t.minNodes, 1, t.maxNodes) && t.maxNodes <= TERM_LIMITS.maxNodes,
      "InvalidNodeBounds",
      t.minNodes,
      t.maxNodes,
    ),
  (t, context) =>
    unless(
      t.minStake === 0n ? t.stakeToken === ZeroAddress : isToken(t.stakeToken, context),
      "InvalidStakeToken",
      t.stakeToken,
      t.minStake,
    ),
  (t) =>
    unless(
      t.slashRecipient !== ZeroAddress || (t.slashBounty === 0n && t.minStake === 0n),
      "InvalidSlashing",
      t.slashRecipient,
      t.slashBounty,
    ),
  (t, { now }) =>
    unless(
      t.timeLimit > now && t.timeLimit <= now + TERM_LIMITS.maxLifetimeSeconds,
      "InvalidTimeLimit",
      t.startTime,
      t.timeLimit,
    ),
  (t) => unless(t.startTime < t.timeLimit, "InvalidStartTime", t.startTime),
  (t) => unless(isPhase(t.trainingSeconds), "InvalidTrainingSeconds", t.trainingSeconds),
  (t) =>
    unless(
      isPhase(t.aggregationSeconds) &&
        t.fetchSeconds >= 1 &&
        t.fetchSeconds + t.objectionSeconds < t.aggregationSeconds,
      "InvalidAggregationSeconds",
      t.fetchSeconds,
      t.objectionSeconds,
      t.aggregationSeconds,
    ),
  (t) => unless(isPhase(t.negotiationSeconds), "InvalidNegotiationSeconds", t.negotiationSeconds),
  (t) =>
    unless(
      within(t.slotSeconds, 1, t.aggregationSeconds),
      "InvalidSlotSeconds",
      t.slotSeconds,
      t.aggregationSeconds,
    ),
  (t) =>
    unless(
      t.disputeWindowSeconds <= TERM_LIMITS.maxDisputeWindowSeconds,
      "InvalidDisputeWindow",
      t.disputeWindowSeconds,
    ),
  (t) => unless(within(t.maxAttempts, 1, TERM_LIMITS.maxAttempts), "InvalidMaxAttempts", t.maxAttempts),
  (t) => unless(t.maxVoidRounds >= 1, "InvalidMaxVoidRounds", t.maxVoidRounds),
  (t) => unless(within(t.rounds, 1, TERM_LIMITS.maxRounds), "InvalidRounds", t.rounds),
  (t) => unless(t.gammaBps <= BPS, "InvalidGamma", t.gammaBps),
  (t) => unless(within(t.quorumBps, 1, BPS), "InvalidQuorum", t.quorumBps),
  (t) => {
    const guaranteed = quorumOf(t.quorumBps, t.minNodes);
    const required = minimumUpdates(aggregationRuleName(t.aggregationRule), t.byzantineBound);
    return unless(guaranteed >= required, "ByzantineBoundTooHigh", t.byzantineBound, guaranteed, required);
  },
  (t) => unless(t.maxSamples >= 1, "InvalidMaxSamples", t.maxSamples),
  (t) =>
    unless(
      within(t.negotiationSteps, 1, MAX_NEGOTIATION_STEPS),
      "InvalidNegotiationSteps",
      t.negotiationSteps,
    ),
  (t) =>
    unless(
      t.alphaUpperBps <= BPS &&
        (t.alphaLowerBps < t.alphaUpperBps ||
          (t.alphaLowerBps === t.alphaUpperBps && t.negotiationSteps === 1)),
      "InvalidAlphaBounds",
      t.alphaLowerBps,
      t.alphaUpperBps,
    ),
  (t) => unless(t.initialAlphaBps <= BPS, "InvalidInitialAlpha", t.initialAlphaBps),
  (t) =>
    unless(
      t.scoreKind === ScoreKind.Accuracy ? t.maxScore === BPS : t.maxScore >= 1,
      "InvalidMaxScore",
      t.maxScore,
    ),
  (t) => unless(t.targetScore <= t.maxScore, "InvalidTargetScore", t.targetScore, t.maxScore),
  (t) =>
    unless(
      within(t.reputationMax, 1, TERM_LIMITS.maxReputation) && t.reputationInitial <= t.reputationMax,
      "InvalidReputation",
      t.reputationInitial,
      t.reputationMax,
    ),
  (t, context) =>
    unless(
      t.rewardUnit === 0n || isToken(t.rewardToken, context),
      "InvalidRewardToken",
      t.rewardToken,
      t.rewardUnit,
    ),
  (t) => unless(escrowOf(t) <= MAX_ESCROW, "EscrowTooLarge", escrowOf(t), MAX_ESCROW),
];

function isPhase(seconds: number): boolean {
  return within(seconds, 1, TERM_LIMITS.maxPhaseSeconds);
}

function isToken(account: string, { isContract }: PublicationContext): boolean {
  return account !== ZeroAddress && (isContract === undefined || isContract(account));
}
