import { id } from "ethers";
import {
  AggregationRule,
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
} from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import { bps, digest } from "#protocol/ids";
import type { TaskTerms } from "#protocol/terms/taskTerms";

const account = (byte: string): Address => `0x${byte.repeat(20)}` as Address;

/** Valid terms of a task that was published at second `now`. */
export function validTerms(now: number): TaskTerms {
  return {
    manifestDigest: digest(id("manifest")),
    initialModelDigest: digest(id("model")),
    maxArtifactBytes: 1 << 20,
    coordinator: account("11"),
    arbiter: account("22"),
    stakeVault: account("33"),
    rewardLedger: account("44"),
    minNodes: 4,
    maxNodes: 10,
    stakeToken: account("00"),
    minStake: 0n,
    startTime: now,
    timeLimit: now + 86_400,
    trainingSeconds: 600,
    fetchSeconds: 100,
    objectionSeconds: 100,
    aggregationSeconds: 300,
    negotiationSeconds: 300,
    slotSeconds: 30,
    disputeWindowSeconds: 3600,
    maxAttempts: 3,
    maxVoidRounds: 3,
    rounds: 5,
    negotiationSteps: 10,
    alphaLowerBps: bps(0),
    alphaUpperBps: bps(10_000),
    initialAlphaBps: bps(5000),
    alphaGrid: AlphaGrid.IncludeUpper,
    strategy: Strategy.ArgmaxMean,
    trainingBase: TrainingBase.Global,
    electionMode: ElectionMode.ModelHashMixed,
    gammaBps: bps(3000),
    quorumBps: bps(7500),
    aggregationRule: AggregationRule.FedAvg,
    byzantineBound: 0,
    maxSamples: 10_000,
    scoreKind: ScoreKind.Accuracy,
    maxScore: 10_000,
    targetScore: 0,
    reputationInitial: 5,
    reputationMax: 100,
    strictReputation: false,
    penaliseUnavailable: false,
    penaliseSilent: false,
    rewardToken: account("00"),
    rewardUnit: 0n,
    slashRecipient: account("00"),
    slashBounty: 0n,
  };
}
