import { ZeroAddress } from "ethers";
import { ScoreKind } from "../contracts/enums.ts";
import type { Address, Digest } from "../ids.ts";
import type { EvaluationTerms, TaskManifest } from "../manifest/manifest.ts";
import type { TaskTerms } from "./taskTerms.ts";
import { CONTRACT_TERMS } from "./contractTerms.ts";
import type { ChoiceOf, TermsOfKind } from "./terms.ts";

/** Terms that follow from the files and the deployment. */
type Given =
  | "manifestDigest"
  | "initialModelDigest"
  | "maxArtifactBytes"
  | "coordinator"
  | "stakeVault"
  | "rewardLedger"
  | "scoreKind"
  | "maxScore";

type Chosen = Exclude<TermsOfKind<"choice"> & keyof TaskTerms, Given>;

/** Tokens are named only where there is a reward, or a stake. */
type Tokens = "rewardToken" | "stakeToken";

/**
 * The rules of a task as a publisher states them, by the names of the terms: choices by name, and `startTime` and
 * `timeLimit` in seconds from publication.
 */
export type TermsSettings = Readonly<
  Omit<TaskTerms, Given | Chosen | Tokens> & { [Name in Chosen]: ChoiceOf<Name> } & {
    [Name in Tokens]?: Address;
  }
>;

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
    maxArtifactBytes: Math.max(
      files.maxArtifactBytes,
      files.manifestFile.bytes.length,
      CONTRACT_TERMS.maxArtifactBytes.least,
    ),
    coordinator: contracts.RoundCoordinator,
    arbiter: settings.arbiter,
    stakeVault: contracts.StakeVault,
    rewardLedger: contracts.RewardLedger,
    minNodes: settings.minNodes,
    maxNodes: settings.maxNodes,
    stakeToken: settings.stakeToken ?? (ZeroAddress as Address),
    minStake: settings.minStake,
    startTime: now + settings.startTime,
    timeLimit: now + settings.timeLimit,
    trainingSeconds: settings.trainingSeconds,
    fetchSeconds: settings.fetchSeconds,
    objectionSeconds: settings.objectionSeconds,
    aggregationSeconds: settings.aggregationSeconds,
    negotiationSeconds: settings.negotiationSeconds,
    slotSeconds: settings.slotSeconds,
    disputeWindowSeconds: settings.disputeWindowSeconds,
    maxAttempts: settings.maxAttempts,
    maxVoidRounds: settings.maxVoidRounds,
    rounds: settings.rounds,
    negotiationSteps: settings.negotiationSteps,
    alphaLowerBps: settings.alphaLowerBps,
    alphaUpperBps: settings.alphaUpperBps,
    initialAlphaBps: settings.initialAlphaBps,
    alphaGrid: CONTRACT_TERMS.alphaGrid.choices[settings.alphaGrid].id,
    strategy: CONTRACT_TERMS.strategy.choices[settings.strategy].id,
    trainingBase: CONTRACT_TERMS.trainingBase.choices[settings.trainingBase].id,
    electionMode: CONTRACT_TERMS.electionMode.choices[settings.electionMode].id,
    gammaBps: settings.gammaBps,
    quorumBps: settings.quorumBps,
    aggregationRule: CONTRACT_TERMS.aggregationRule.choices[settings.aggregationRule].id,
    byzantineBound: settings.byzantineBound,
    maxSamples: settings.maxSamples,
    ...scoreTerms(files.manifest.evaluation),
    targetScore: settings.targetScore,
    reputationInitial: settings.reputationInitial,
    reputationMax: settings.reputationMax,
    strictReputation: settings.strictReputation,
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
    ? { scoreKind: ScoreKind.Error, maxScore: CONTRACT_TERMS.maxScore.most }
    : { scoreKind: ScoreKind.Accuracy, maxScore: 10_000 };
}
