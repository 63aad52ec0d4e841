import { isAddress, parseUnits } from "viem";
import type { Address, Bps } from "@concordat/protocol/ids";
import type { TermsSettings } from "@concordat/protocol/terms/termsSettings";
import { TERMS } from "@concordat/protocol/terms/terms";
import type { Draft, FlagTermName } from "./draft.ts";
import { draftNumber } from "./draftNumber.ts";
import type { NumericField } from "./draftNumber.ts";

/** What the draft does not say itself. */
export interface DraftContext {
  readonly account: `0x${string}`;
  readonly rewardDecimals: number;
  readonly stakeDecimals: number;
  /** Classes of the data; 1 for a number to predict. */
  readonly classes: number;
}

/** The rules that a draft without faults asks for. The account is arbiter and receives slashed stake unless it says otherwise. */
export function draftTerms(draft: Draft, context: DraftContext): TermsSettings {
  const value = (name: NumericField): number => draftNumber(draft, name);
  const bps = (name: NumericField): Bps => value(name) as Bps;
  const isYes = (name: FlagTermName): boolean => draft[name] === "yes";
  const rewardUnit = parseUnits(draft.rewardUnit.trim(), context.rewardDecimals);
  const minStake = parseUnits(draft.minStake.trim(), context.stakeDecimals);
  return {
    rounds: value("rounds"),
    minNodes: value("minNodes"),
    maxNodes: value("maxNodes"),
    strategy: draft.strategy,
    trainingBase: draft.trainingBase,
    electionMode: draft.electionMode,
    alphaGrid: draft.alphaGrid,
    negotiationSteps: value("negotiationSteps"),
    alphaLowerBps: bps("alphaLowerBps"),
    alphaUpperBps: bps("alphaUpperBps"),
    initialAlphaBps: bps("initialAlphaBps"),
    gammaBps: bps("gammaBps"),
    quorumBps: bps("quorumBps"),
    aggregationRule: draft.aggregationRule,
    byzantineBound: value("byzantineBound"),
    maxSamples: value("maxSamples"),
    targetScore:
      context.classes === 1 ? Math.round(value("targetError") * value("maeScale")) : value("targetScore"),
    startTime: value("startTime"),
    timeLimit: value("timeLimit"),
    trainingSeconds: value("trainingSeconds"),
    fetchSeconds: partOfAggregation(draft, "fetchSeconds"),
    objectionSeconds: partOfAggregation(draft, "objectionSeconds"),
    aggregationSeconds: value("aggregationSeconds"),
    negotiationSeconds: value("negotiationSeconds"),
    slotSeconds: partOfAggregation(draft, "slotSeconds"),
    disputeWindowSeconds: value("disputeWindowSeconds"),
    maxAttempts: value("maxAttempts"),
    maxVoidRounds: value("maxVoidRounds"),
    reputationInitial: value("reputationInitial"),
    reputationMax: value("reputationMax"),
    strictReputation: isYes("strictReputation"),
    penaliseUnavailable: isYes("penaliseUnavailable"),
    penaliseSilent: isYes("penaliseSilent"),
    rewardUnit,
    ...(rewardUnit > 0n && { rewardToken: draft.rewardToken as Address }),
    minStake,
    ...(minStake > 0n && { stakeToken: draft.stakeToken as Address }),
    arbiter: addressOr(draft.arbiter, context.account),
    slashRecipient: addressOr(draft.slashRecipient, context.account),
    slashBounty: minStake > 0n ? parseUnits(draft.slashBounty.trim(), context.stakeDecimals) : 0n,
  };
}

/** How long a part of the aggregation lasts: as the draft says, or its share. */
function partOfAggregation(draft: Draft, name: "fetchSeconds" | "objectionSeconds" | "slotSeconds"): number {
  if (draft[name].trim() !== "") return draftNumber(draft, name);
  const { shareOfAggregation } = TERMS[name].field;
  return Math.max(1, Math.floor(draftNumber(draft, "aggregationSeconds") * shareOfAggregation));
}

function addressOr(text: string, fallback: `0x${string}`): Address {
  return (isAddress(text) ? text : fallback) as Address;
}
