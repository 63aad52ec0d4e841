import { getAddress } from "ethers";
import {
  AggregationRule,
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
  enumValue,
} from "../contracts/enums.ts";
import { digest } from "../ids.ts";
import type { Address, Bps, Digest } from "../ids.ts";

/** Everything a publisher fixes; joining is consent to it. Field for field the contracts' TaskTerms. */
export interface TaskTerms {
  readonly manifestDigest: Digest;
  readonly initialModelDigest: Digest;
  readonly maxArtifactBytes: number;

  readonly coordinator: Address;
  readonly arbiter: Address;
  readonly stakeVault: Address;
  readonly rewardLedger: Address;

  readonly minNodes: number;
  readonly maxNodes: number;
  readonly stakeToken: Address;
  /** In the token's smallest unit. */
  readonly minStake: bigint;

  /** Unix seconds. */
  readonly startTime: number;
  /** Unix seconds: no round starts after it. */
  readonly timeLimit: number;
  readonly trainingSeconds: number;
  readonly fetchSeconds: number;
  readonly objectionSeconds: number;
  readonly aggregationSeconds: number;
  readonly negotiationSeconds: number;
  /** Rank r may propose from r slots after the phase's start. */
  readonly slotSeconds: number;
  readonly disputeWindowSeconds: number;
  /** Committees that may try in one retry. */
  readonly maxAttempts: number;
  /** Void rounds in a row that end the task. */
  readonly maxVoidRounds: number;

  /** T. */
  readonly rounds: number;
  /** R. */
  readonly negotiationSteps: number;
  readonly alphaLowerBps: Bps;
  readonly alphaUpperBps: Bps;
  readonly initialAlphaBps: Bps;
  readonly alphaGrid: AlphaGrid;
  readonly strategy: Strategy;
  readonly trainingBase: TrainingBase;
  readonly electionMode: ElectionMode;
  /** Committee ratio gamma. */
  readonly gammaBps: Bps;
  readonly quorumBps: Bps;
  readonly aggregationRule: AggregationRule;
  /** f: updates that may be arbitrary. */
  readonly byzantineBound: number;
  readonly maxSamples: number;
  readonly scoreKind: ScoreKind;
  readonly maxScore: number;
  /** Mean score that ends the task; 0 for none. */
  readonly targetScore: number;

  /** h. */
  readonly reputationInitial: number;
  readonly reputationMax: number;
  readonly strictReputation: boolean;
  readonly penaliseUnavailable: boolean;
  readonly penaliseSilent: boolean;
  readonly rewardToken: Address;
  /** Reward of an accepted update per point of reputation, in the token's smallest unit. */
  readonly rewardUnit: bigint;
  readonly slashRecipient: Address;
  readonly slashBounty: bigint;
}

/** The struct as a contract's ABI decodes it: every integer a bigint, every digest and address a plain string. */
export type AbiTerms = {
  readonly [K in keyof TaskTerms]: TaskTerms[K] extends string
    ? string
    : TaskTerms[K] extends boolean
      ? boolean
      : bigint;
};

/**
 * The terms from the struct that a contract returned; whether they are valid, `validateTerms` tells.
 * @throws {RangeError} for an enum's value that this release does not know.
 */
export function termsFromAbi(abi: AbiTerms): TaskTerms {
  return {
    manifestDigest: digest(abi.manifestDigest),
    initialModelDigest: digest(abi.initialModelDigest),
    maxArtifactBytes: Number(abi.maxArtifactBytes),
    coordinator: address(abi.coordinator),
    arbiter: address(abi.arbiter),
    stakeVault: address(abi.stakeVault),
    rewardLedger: address(abi.rewardLedger),
    minNodes: Number(abi.minNodes),
    maxNodes: Number(abi.maxNodes),
    stakeToken: address(abi.stakeToken),
    minStake: abi.minStake,
    startTime: Number(abi.startTime),
    timeLimit: Number(abi.timeLimit),
    trainingSeconds: Number(abi.trainingSeconds),
    fetchSeconds: Number(abi.fetchSeconds),
    objectionSeconds: Number(abi.objectionSeconds),
    aggregationSeconds: Number(abi.aggregationSeconds),
    negotiationSeconds: Number(abi.negotiationSeconds),
    slotSeconds: Number(abi.slotSeconds),
    disputeWindowSeconds: Number(abi.disputeWindowSeconds),
    maxAttempts: Number(abi.maxAttempts),
    maxVoidRounds: Number(abi.maxVoidRounds),
    rounds: Number(abi.rounds),
    negotiationSteps: Number(abi.negotiationSteps),
    alphaLowerBps: Number(abi.alphaLowerBps) as Bps,
    alphaUpperBps: Number(abi.alphaUpperBps) as Bps,
    initialAlphaBps: Number(abi.initialAlphaBps) as Bps,
    alphaGrid: enumValue(AlphaGrid, abi.alphaGrid),
    strategy: enumValue(Strategy, abi.strategy),
    trainingBase: enumValue(TrainingBase, abi.trainingBase),
    electionMode: enumValue(ElectionMode, abi.electionMode),
    gammaBps: Number(abi.gammaBps) as Bps,
    quorumBps: Number(abi.quorumBps) as Bps,
    aggregationRule: enumValue(AggregationRule, abi.aggregationRule),
    byzantineBound: Number(abi.byzantineBound),
    maxSamples: Number(abi.maxSamples),
    scoreKind: enumValue(ScoreKind, abi.scoreKind),
    maxScore: Number(abi.maxScore),
    targetScore: Number(abi.targetScore),
    reputationInitial: Number(abi.reputationInitial),
    reputationMax: Number(abi.reputationMax),
    strictReputation: abi.strictReputation,
    penaliseUnavailable: abi.penaliseUnavailable,
    penaliseSilent: abi.penaliseSilent,
    rewardToken: address(abi.rewardToken),
    rewardUnit: abi.rewardUnit,
    slashRecipient: address(abi.slashRecipient),
    slashBounty: abi.slashBounty,
  };
}

/** The terms as the struct that `publish` and `escrowFor` take. */
export function termsToAbi(terms: TaskTerms): AbiTerms {
  const entries = Object.entries(terms).map(([key, value]) => [
    key,
    typeof value === "number" ? BigInt(value) : value,
  ]);
  return Object.fromEntries(entries) as AbiTerms;
}

function address(value: string): Address {
  return getAddress(value) as Address;
}
