import { ZeroAddress, ZeroHash } from "ethers";
import { aggregationRuleName, minimumUpdates } from "./aggregationRule.ts";
import { ScoreKind } from "../contracts/enums.ts";
import type { TaskTerms } from "../terms/taskTerms.ts";
import { CONTRACT_TERMS } from "../terms/contractTerms.ts";
import { quorumOf } from "./quorum.ts";
import { escrowOf } from "./rewardSchedule.ts";

const BPS = 10_000;
/** Amounts of one task are kept in 128 bits. */
const MAX_ESCROW = CONTRACT_TERMS.rewardUnit.most;

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

/** The terms that have bounds of their own. */
type Bounded = {
  [Name in keyof TaskTerms]: (typeof CONTRACT_TERMS)[Name] extends { readonly least: number } ? Name : never;
}[keyof TaskTerms];

/** Those about which the contract has an error. */
type Refused = {
  [Name in Bounded]: (typeof CONTRACT_TERMS)[Name] extends { readonly errors: readonly string[] }
    ? Name
    : never;
}[Bounded];

/** Whether a term is within the bounds that the table of terms gives it, whatever the others are. */
function isBounded(terms: TaskTerms, name: Bounded): boolean {
  const { least, most } = CONTRACT_TERMS[name];
  return terms[name] >= least && terms[name] <= most;
}

/** The check of a term that depends on no other: the contract's error about it carries its value. */
function bounded(name: Refused): Check {
  return (terms) => unless(isBounded(terms, name), CONTRACT_TERMS[name].errors[0], terms[name]);
}

/** The check of a digest or an account that must be named. */
function named(name: NamedTerm): Check {
  return (terms) => unless(!NOBODY.has(terms[name]), CONTRACT_TERMS[name].errors[0]);
}

type NamedTerm =
  "manifestDigest" | "initialModelDigest" | "coordinator" | "arbiter" | "stakeVault" | "rewardLedger";

const NOBODY: ReadonlySet<string> = new Set([ZeroHash, ZeroAddress]);

/** In the order in which the contract checks. */
const CHECKS: readonly Check[] = [
  named("manifestDigest"),
  named("initialModelDigest"),
  bounded("maxArtifactBytes"),
  named("coordinator"),
  named("arbiter"),
  named("stakeVault"),
  named("rewardLedger"),
  (t) =>
    unless(
      isBounded(t, "minNodes") && t.minNodes <= t.maxNodes && isBounded(t, "maxNodes"),
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
  (t, { now }) => {
    const { least, most } = CONTRACT_TERMS.timeLimit;
    const isWithin = t.timeLimit >= now + least && t.timeLimit <= now + most;
    return unless(isWithin, "InvalidTimeLimit", t.startTime, t.timeLimit);
  },
  (t) => unless(t.startTime < t.timeLimit, "InvalidStartTime", t.startTime),
  bounded("trainingSeconds"),
  (t) =>
    unless(
      isBounded(t, "aggregationSeconds") &&
        isBounded(t, "fetchSeconds") &&
        t.fetchSeconds + t.objectionSeconds < t.aggregationSeconds,
      "InvalidAggregationSeconds",
      t.fetchSeconds,
      t.objectionSeconds,
      t.aggregationSeconds,
    ),
  bounded("negotiationSeconds"),
  (t) =>
    unless(
      isBounded(t, "slotSeconds") && t.slotSeconds <= t.aggregationSeconds,
      "InvalidSlotSeconds",
      t.slotSeconds,
      t.aggregationSeconds,
    ),
  bounded("disputeWindowSeconds"),
  bounded("maxAttempts"),
  bounded("maxVoidRounds"),
  bounded("rounds"),
  bounded("gammaBps"),
  bounded("quorumBps"),
  (t) => {
    const guaranteed = quorumOf(t.quorumBps, t.minNodes);
    const required = minimumUpdates(aggregationRuleName(t.aggregationRule), t.byzantineBound);
    return unless(guaranteed >= required, "ByzantineBoundTooHigh", t.byzantineBound, guaranteed, required);
  },
  bounded("maxSamples"),
  bounded("negotiationSteps"),
  (t) =>
    unless(
      isBounded(t, "alphaUpperBps") &&
        (t.alphaLowerBps < t.alphaUpperBps ||
          (t.alphaLowerBps === t.alphaUpperBps && t.negotiationSteps === 1)),
      "InvalidAlphaBounds",
      t.alphaLowerBps,
      t.alphaUpperBps,
    ),
  bounded("initialAlphaBps"),
  (t) =>
    unless(
      t.scoreKind === ScoreKind.Accuracy ? t.maxScore === BPS : isBounded(t, "maxScore"),
      "InvalidMaxScore",
      t.maxScore,
    ),
  (t) => unless(t.targetScore <= t.maxScore, "InvalidTargetScore", t.targetScore, t.maxScore),
  (t) =>
    unless(
      isBounded(t, "reputationMax") && t.reputationInitial <= t.reputationMax,
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

function isToken(account: string, { isContract }: PublicationContext): boolean {
  return account !== ZeroAddress && (isContract === undefined || isContract(account));
}
