import { ZeroAddress } from "ethers";
import { AGGREGATION_RULES } from "./aggregationRule.ts";
import type { AggregationRuleName } from "./aggregationRule.ts";
import type { AggregationRule } from "./enums.ts";
import { AlphaGrid, ElectionMode, ScoreKind, Strategy, TrainingBase } from "./enums.ts";
import type { Address, Bps, Digest } from "./ids.ts";
import type { EvaluationTerms, TaskManifest } from "./manifest.ts";
import type { TaskTerms } from "./taskTerms.ts";

/** How the options name what the terms number. */
export const STRATEGIES = {
  "argmax-mean": Strategy.ArgmaxMean,
  "min-variance": Strategy.MinVariance,
} as const;
export const BASES = { global: TrainingBase.Global, personalised: TrainingBase.Personalised } as const;
export const ELECTIONS = {
  "model-hash": ElectionMode.ModelHash,
  "model-hash-mixed": ElectionMode.ModelHashMixed,
} as const;
export const GRIDS = {
  "include-upper": AlphaGrid.IncludeUpper,
  "include-lower": AlphaGrid.IncludeLower,
} as const;

/** The rules of a task as a publisher states them. Times in seconds, amounts in the tokens' smallest units. */
export interface TermsSettings {
  readonly rounds: number;
  readonly minNodes: number;
  readonly maxNodes: number;
  readonly strategy: keyof typeof STRATEGIES;
  readonly base: keyof typeof BASES;
  readonly election: keyof typeof ELECTIONS;
  readonly grid: keyof typeof GRIDS;
  readonly steps: number;
  readonly alphaLower: Bps;
  readonly alphaUpper: Bps;
  readonly initialAlpha: Bps;
  readonly gamma: Bps;
  readonly quorum: Bps;
  readonly rule: AggregationRuleName;
  readonly f: number;
  readonly maxSamples: number;
  /** Mean score that ends the task: accuracy in basis points, or error times its scale; 0 for none. */
  readonly target: number;
  /** Seconds from publication until the task may start. */
  readonly startIn: number;
  /** Seconds from publication after which no round starts. */
  readonly timeLimit: number;
  readonly training: number;
  readonly fetch: number;
  readonly objection: number;
  readonly aggregation: number;
  readonly negotiation: number;
  readonly slot: number;
  readonly dispute: number;
  readonly attempts: number;
  readonly voids: number;
  readonly reputation: number;
  readonly reputationMax: number;
  readonly strict: boolean;
  readonly penaliseUnavailable: boolean;
  readonly penaliseSilent: boolean;
  readonly rewardToken?: Address;
  readonly rewardUnit: bigint;
  readonly stakeToken?: Address;
  readonly minStake: bigint;
  readonly arbiter: Address;
  readonly slashRecipient: Address;
  readonly slashBounty: bigint;
}

/** The contracts that a task's terms name. */
export interface TermsContracts {
  readonly RoundCoordinator: Address;
  readonly StakeVault: Address;
  readonly RewardLedger: Address;
}

/** What terms say about the two artifacts that they name. */
export interface TermsFiles {
  readonly manifest: Pick<TaskManifest, "evaluation">;
  readonly manifestFile: { readonly bytes: Pick<Uint8Array, "length">; readonly digest: Digest };
  readonly initialModel: { readonly digest: Digest };
  /** Bytes that no model or update can exceed. */
  readonly maxArtifactBytes: number;
}

/** Bytes that the contract asks for at least. */
const LEAST_ARTIFACT_BYTES = 1024;

/**
 * Puts a publisher's settings into the terms that the contract takes. Whether it takes them, `validateTerms` says.
 * @param now The chain's time in unix seconds.
 */
export function termsFrom(
  settings: TermsSettings,
  files: TermsFiles,
  contracts: TermsContracts,
  now: number,
): TaskTerms {
  return {
    manifestDigest: files.manifestFile.digest,
    initialModelDigest: files.initialModel.digest,
    maxArtifactBytes: Math.max(files.maxArtifactBytes, files.manifestFile.bytes.length, LEAST_ARTIFACT_BYTES),
    coordinator: contracts.RoundCoordinator,
    arbiter: settings.arbiter,
    stakeVault: contracts.StakeVault,
    rewardLedger: contracts.RewardLedger,
    minNodes: settings.minNodes,
    maxNodes: settings.maxNodes,
    stakeToken: settings.stakeToken ?? (ZeroAddress as Address),
    minStake: settings.minStake,
    startTime: now + settings.startIn,
    timeLimit: now + settings.timeLimit,
    trainingSeconds: settings.training,
    fetchSeconds: settings.fetch,
    objectionSeconds: settings.objection,
    aggregationSeconds: settings.aggregation,
    negotiationSeconds: settings.negotiation,
    slotSeconds: settings.slot,
    disputeWindowSeconds: settings.dispute,
    maxAttempts: settings.attempts,
    maxVoidRounds: settings.voids,
    rounds: settings.rounds,
    negotiationSteps: settings.steps,
    alphaLowerBps: settings.alphaLower,
    alphaUpperBps: settings.alphaUpper,
    initialAlphaBps: settings.initialAlpha,
    alphaGrid: GRIDS[settings.grid],
    strategy: STRATEGIES[settings.strategy],
    trainingBase: BASES[settings.base],
    electionMode: ELECTIONS[settings.election],
    gammaBps: settings.gamma,
    quorumBps: settings.quorum,
    aggregationRule: AGGREGATION_RULES.indexOf(settings.rule) as AggregationRule,
    byzantineBound: settings.f,
    maxSamples: settings.maxSamples,
    ...scoreTerms(files.manifest.evaluation),
    targetScore: settings.target,
    reputationInitial: settings.reputation,
    reputationMax: settings.reputationMax,
    strictReputation: settings.strict,
    penaliseUnavailable: settings.penaliseUnavailable,
    penaliseSilent: settings.penaliseSilent,
    rewardToken: settings.rewardToken ?? (ZeroAddress as Address),
    rewardUnit: settings.rewardUnit,
    slashRecipient: settings.slashRecipient,
    slashBounty: settings.slashBounty,
  };
}

/** Accuracy in basis points, or errors in all the 16 bits that a score has. */
function scoreTerms({ metric }: EvaluationTerms): Pick<TaskTerms, "scoreKind" | "maxScore"> {
  return metric === "mae"
    ? { scoreKind: ScoreKind.Error, maxScore: 0xffff }
    : { scoreKind: ScoreKind.Accuracy, maxScore: 10_000 };
}
