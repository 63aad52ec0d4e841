import { ZeroAddress } from "ethers";
import { AGGREGATION_RULES, minimumUpdates } from "../../../../protocol/aggregationRule.ts";
import type { AggregationRuleName } from "../../../../protocol/aggregationRule.ts";
import type { AggregationRule } from "../../../../protocol/enums.ts";
import { AlphaGrid, ElectionMode, ScoreKind, Strategy, TrainingBase } from "../../../../protocol/enums.ts";
import { InputError } from "../../../../protocol/errors.ts";
import type { Address, Bps } from "../../../../protocol/ids.ts";
import type { EvaluationTerms } from "../../../../protocol/manifest.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import type { TaskFiles } from "./buildTask.ts";

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

/**
 * Puts a publisher's settings into the terms that the contract takes.
 * @param now The chain's time in unix seconds.
 * @throws {InputError} naming the options that contradict each other, before anything is sent.
 */
export function buildTerms(
  settings: TermsSettings,
  files: TaskFiles,
  contracts: TermsContracts,
  now: number,
): TaskTerms {
  checkSettings(settings);
  return {
    manifestDigest: files.manifestFile.digest,
    initialModelDigest: files.initialModel.digest,
    maxArtifactBytes: Math.max(files.maxArtifactBytes, files.manifestFile.bytes.length, 1024),
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

/** The contract checks every term again; what an option can correct is named by its option here. */
function checkSettings(settings: TermsSettings): void {
  const { minNodes, maxNodes, quorum, rule, f } = settings;
  const guaranteed = Math.ceil((quorum * minNodes) / 10_000);
  const required = minimumUpdates(rule, f);
  const wrong: readonly (readonly [boolean, string, string])[] = [
    [
      minNodes > maxNodes,
      `--min-nodes ${minNodes} is above --max-nodes ${maxNodes}`,
      "Lower one or raise the other",
    ],
    [
      settings.alphaLower > settings.alphaUpper ||
        (settings.alphaLower === settings.alphaUpper && settings.steps > 1),
      "--alpha-lower must be below --alpha-upper",
      "Only with --steps 1 may they be equal",
    ],
    [
      settings.fetch + settings.objection >= settings.aggregation,
      `--fetch ${settings.fetch} and --objection ${settings.objection} leave nothing of --aggregation ${settings.aggregation}`,
      "Make the aggregation longer",
    ],
    [settings.slot > settings.aggregation, "--slot is longer than --aggregation", "Make it shorter"],
    [
      settings.startIn >= settings.timeLimit,
      "--start-in is not before --time-limit",
      "Give the task more time",
    ],
    [settings.reputation > settings.reputationMax, "--reputation is above --reputation-max", "Lower it"],
    [
      guaranteed < required,
      `${rule} with --f ${f} needs ${required} updates, but --quorum of --min-nodes guarantees only ${guaranteed}`,
      "Raise --min-nodes or --quorum, or lower --f",
    ],
    [
      settings.rewardUnit > 0n && settings.rewardToken === undefined,
      "--reward needs --reward-token",
      "Name the ERC-20 token that pays the rewards",
    ],
    [
      settings.minStake > 0n && settings.stakeToken === undefined,
      "--min-stake needs --stake-token",
      "Name the ERC-20 token that is staked",
    ],
  ];
  for (const [isWrong, message, hint] of wrong) if (isWrong) throw new InputError(message, { hint });
}
