import { isAddress, parseUnits, zeroAddress } from "viem";
import { AGGREGATION_RULES } from "../../../../protocol/aggregationRule.ts";
import {
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
  type AggregationRule,
} from "../../../../protocol/enums.ts";
import type { Address, Bps, Digest } from "../../../../protocol/ids.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import type { ContractName } from "../../events/contracts.ts";
import type { Draft } from "./draft.ts";

/** What the draft does not say itself. */
export interface DraftContext {
  readonly contracts: Readonly<Record<ContractName, `0x${string}`>>;
  readonly account: `0x${string}`;
  /** Unix seconds of the chain. */
  readonly now: number;
  readonly rewardDecimals: number;
  readonly stakeDecimals: number;
  readonly manifestDigest: Digest;
  readonly initialModelDigest: Digest;
  readonly maxArtifactBytes: number;
}

/** Fields that hold no usable value, each with a sentence. */
export type DraftFaults = Partial<Record<keyof Draft, string>>;

const WHOLE = [
  "localEpochs",
  "batchSize",
  "seed",
  "rounds",
  "steps",
  "minNodes",
  "maxNodes",
  "byzantineBound",
  "maxSamples",
  "reputationInitial",
  "reputationMax",
] as const satisfies readonly (keyof Draft)[];
const POSITIVE = [
  "learningRate",
  "hours",
  "trainingMinutes",
  "aggregationMinutes",
  "negotiationMinutes",
] as const satisfies readonly (keyof Draft)[];
const AT_LEAST_0 = [
  "momentum",
  "alphaLower",
  "alphaUpper",
  "initialAlpha",
  "targetScore",
  "quorum",
  "gamma",
  "rewardUnit",
  "minStake",
] as const satisfies readonly (keyof Draft)[];

/** What cannot be read as what it should be; whether the terms make sense together, `validateTerms` tells. */
export function draftFaults(draft: Draft): DraftFaults {
  const faults: DraftFaults = {};
  if (draft.name.trim() === "") faults.name = "Give the task a name";
  for (const field of WHOLE) {
    if (!/^\d{1,9}$/.test(draft[field].trim())) faults[field] = "Give a whole number";
  }
  for (const field of POSITIVE) if (!(Number(draft[field]) > 0)) faults[field] = "Give a number above 0";
  for (const field of AT_LEAST_0) {
    if (draft[field].trim() === "" || !(Number(draft[field]) >= 0)) faults[field] = "Give a number from 0";
  }
  if (draft.privacy !== "none") {
    for (const field of ["clip", "noiseMultiplier", "delta"] as const) {
      if (!(Number(draft[field]) > 0)) faults[field] = "Give a number above 0";
    }
  }
  if (Number(draft.rewardUnit) > 0 && !isAddress(draft.rewardToken))
    faults.rewardToken = "Name the token’s contract";
  if (Number(draft.minStake) > 0 && !isAddress(draft.stakeToken))
    faults.stakeToken = "Name the token’s contract";
  for (const field of ["arbiter", "slashRecipient"] as const) {
    if (draft[field] !== "" && !isAddress(draft[field])) faults[field] = "This is not an address";
  }
  return faults;
}

/** Seconds of the dispute window, and of a proposer's share of the aggregation. */
const DISPUTE_SECONDS = 86_400;
const FETCH_SHARE = 0.35;
const OBJECTION_SHARE = 0.15;
const SLOT_SHARE = 0.15;

/** The terms that a draft without faults asks for. The account is arbiter and receives slashed stake unless it says otherwise. */
export function draftTerms(draft: Draft, context: DraftContext): TaskTerms {
  const { contracts, account, now } = context;
  const aggregation = minutes(draft.aggregationMinutes);
  const share = (part: number): number => Math.max(1, Math.floor(aggregation * part));
  const rewardUnit = parseUnits(draft.rewardUnit.trim(), context.rewardDecimals);
  const minStake = parseUnits(draft.minStake.trim(), context.stakeDecimals);
  return {
    manifestDigest: context.manifestDigest,
    initialModelDigest: context.initialModelDigest,
    maxArtifactBytes: context.maxArtifactBytes,
    coordinator: contracts.RoundCoordinator as Address,
    arbiter: addressOr(draft.arbiter, account),
    stakeVault: contracts.StakeVault as Address,
    rewardLedger: contracts.RewardLedger as Address,
    minNodes: Number(draft.minNodes),
    maxNodes: Number(draft.maxNodes),
    stakeToken: minStake === 0n ? (zeroAddress as Address) : addressOr(draft.stakeToken, zeroAddress),
    minStake,
    startTime: now,
    timeLimit: now + Math.round(Number(draft.hours) * 3600),
    trainingSeconds: minutes(draft.trainingMinutes),
    fetchSeconds: share(FETCH_SHARE),
    objectionSeconds: share(OBJECTION_SHARE),
    aggregationSeconds: aggregation,
    negotiationSeconds: minutes(draft.negotiationMinutes),
    slotSeconds: share(SLOT_SHARE),
    disputeWindowSeconds: DISPUTE_SECONDS,
    maxAttempts: 3,
    maxVoidRounds: 3,
    rounds: Number(draft.rounds),
    negotiationSteps: Number(draft.steps),
    alphaLowerBps: bps(draft.alphaLower, 10_000),
    alphaUpperBps: bps(draft.alphaUpper, 10_000),
    initialAlphaBps: bps(draft.initialAlpha, 10_000),
    alphaGrid: AlphaGrid.IncludeUpper,
    strategy: draft.strategy === "argmax-mean" ? Strategy.ArgmaxMean : Strategy.MinVariance,
    trainingBase: draft.base === "global" ? TrainingBase.Global : TrainingBase.Personalised,
    electionMode: draft.election === "mixed" ? ElectionMode.ModelHashMixed : ElectionMode.ModelHash,
    gammaBps: bps(draft.gamma, 100),
    quorumBps: bps(draft.quorum, 100),
    aggregationRule: AGGREGATION_RULES.indexOf(draft.rule) as AggregationRule,
    byzantineBound: Number(draft.byzantineBound),
    maxSamples: Number(draft.maxSamples),
    scoreKind: ScoreKind.Accuracy,
    maxScore: 10_000,
    targetScore: bps(draft.targetScore, 100),
    reputationInitial: Number(draft.reputationInitial),
    reputationMax: Number(draft.reputationMax),
    strictReputation: false,
    penaliseUnavailable: false,
    penaliseSilent: false,
    rewardToken: rewardUnit === 0n ? (zeroAddress as Address) : addressOr(draft.rewardToken, zeroAddress),
    rewardUnit,
    slashRecipient: minStake === 0n ? (zeroAddress as Address) : addressOr(draft.slashRecipient, account),
    slashBounty: 0n,
  };
}

function minutes(text: string): number {
  return Math.max(1, Math.round(Number(text) * 60));
}

/** A number in units of 1 / scale basis points. */
function bps(text: string, scale: number): Bps {
  return Math.round(Number(text) * scale) as Bps;
}

function addressOr(text: string, fallback: `0x${string}`): Address {
  return (isAddress(text) ? text : fallback) as Address;
}
