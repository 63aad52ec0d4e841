import { isAddress, parseUnits } from "viem";
import type { Address, Bps } from "../../../../protocol/ids.ts";
import type { TermsSettings } from "../../../../protocol/termsSettings.ts";
import type { Draft } from "./draft.ts";

/** What the draft does not say itself. */
export interface DraftContext {
  readonly account: `0x${string}`;
  readonly rewardDecimals: number;
  readonly stakeDecimals: number;
  /** Classes of the data; 1 for a number to predict. */
  readonly classes: number;
}

/** Shares of the aggregation, where the draft does not say how long its parts last. */
const FETCH_SHARE = 0.35;
const OBJECTION_SHARE = 0.15;
const SLOT_SHARE = 0.15;
const HOUR = 3600;

/** The rules that a draft without faults asks for. The account is arbiter and receives slashed stake unless it says otherwise. */
export function draftTerms(draft: Draft, context: DraftContext): TermsSettings {
  const aggregation = minutes(draft.aggregationMinutes);
  const part = (text: string, share: number): number =>
    text.trim() === "" ? Math.max(1, Math.floor(aggregation * share)) : Math.round(Number(text) * 60);
  const rewardUnit = parseUnits(draft.rewardUnit.trim(), context.rewardDecimals);
  const minStake = parseUnits(draft.minStake.trim(), context.stakeDecimals);
  const isRegression = context.classes === 1;
  return {
    rounds: Number(draft.rounds),
    minNodes: Number(draft.minNodes),
    maxNodes: Number(draft.maxNodes),
    strategy: draft.strategy,
    base: draft.base,
    election: draft.election,
    grid: draft.grid,
    steps: Number(draft.steps),
    alphaLower: bps(draft.alphaLower, 10_000),
    alphaUpper: bps(draft.alphaUpper, 10_000),
    initialAlpha: bps(draft.initialAlpha, 10_000),
    gamma: bps(draft.gamma, 100),
    quorum: bps(draft.quorum, 100),
    rule: draft.rule,
    f: Number(draft.byzantineBound),
    maxSamples: Number(draft.maxSamples),
    target: isRegression
      ? Math.round(Number(draft.targetError) * Number(draft.maeScale))
      : bps(draft.targetScore, 100),
    startIn: Math.round(Number(draft.startMinutes) * 60),
    timeLimit: Math.round(Number(draft.hours) * HOUR),
    training: minutes(draft.trainingMinutes),
    fetch: part(draft.fetchMinutes, FETCH_SHARE),
    objection: part(draft.objectionMinutes, OBJECTION_SHARE),
    aggregation,
    negotiation: minutes(draft.negotiationMinutes),
    slot: part(draft.slotMinutes, SLOT_SHARE),
    dispute: Math.round(Number(draft.disputeHours) * HOUR),
    attempts: Number(draft.attempts),
    voids: Number(draft.voids),
    reputation: Number(draft.reputationInitial),
    reputationMax: Number(draft.reputationMax),
    strict: draft.strict === "yes",
    penaliseUnavailable: draft.penaliseUnavailable === "yes",
    penaliseSilent: draft.penaliseSilent === "yes",
    rewardUnit,
    ...(rewardUnit > 0n && { rewardToken: draft.rewardToken as Address }),
    minStake,
    ...(minStake > 0n && { stakeToken: draft.stakeToken as Address }),
    arbiter: addressOr(draft.arbiter, context.account),
    slashRecipient: addressOr(draft.slashRecipient, context.account),
    slashBounty: minStake > 0n ? parseUnits(draft.slashBounty.trim(), context.stakeDecimals) : 0n,
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
