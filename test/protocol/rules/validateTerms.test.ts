import { expect } from "chai";
import { AGGREGATION_RULES } from "#protocol/rules/aggregationRule";
import { AggregationRule, ScoreKind, enumName } from "#protocol/contracts/enums";
import type { Address, Bps } from "#protocol/ids";
import { ZERO_DIGEST } from "#protocol/ids";
import { hardEndOf, longestRoundSeconds } from "#protocol/rules/roundClock";
import { validateTerms } from "#protocol/rules/validateTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { termsFromAbi, termsToAbi } from "#protocol/terms/taskTerms";
import { validTerms } from "./termsFixture.ts";

const now = 1_800_000_000;
const terms = validTerms(now);
const faultOf = (change: Partial<TaskTerms>): string | undefined =>
  validateTerms({ ...terms, ...change }, { now })?.error;

/** One change for each term that can be wrong. */
const BAD_TERMS: readonly (readonly [string, Partial<TaskTerms>])[] = [
  ["ZeroManifestDigest", { manifestDigest: ZERO_DIGEST }],
  ["ZeroInitialModelDigest", { initialModelDigest: ZERO_DIGEST }],
  ["InvalidMaxArtifactBytes", { maxArtifactBytes: 1023 }],
  ["ZeroCoordinator", { coordinator: `0x${"00".repeat(20)}` as Address }],
  ["InvalidNodeBounds", { minNodes: 0 }],
  ["InvalidNodeBounds", { minNodes: 11 }],
  ["InvalidNodeBounds", { maxNodes: 1025 }],
  ["InvalidStakeToken", { minStake: 1n }],
  ["InvalidTimeLimit", { timeLimit: now }],
  ["InvalidTimeLimit", { timeLimit: now + 3650 * 86_400 + 1 }],
  ["InvalidStartTime", { startTime: now + 86_400 }],
  ["InvalidAggregationSeconds", { fetchSeconds: 0 }],
  ["InvalidDisputeWindow", { disputeWindowSeconds: 366 * 86_400 }],
  ["InvalidSlashing", { minStake: 1n, stakeToken: terms.arbiter }],
  ["InvalidStakeToken", { stakeToken: terms.arbiter }],
  ["InvalidTrainingSeconds", { trainingSeconds: 0 }],
  ["InvalidAggregationSeconds", { fetchSeconds: 200 }],
  ["InvalidNegotiationSeconds", { negotiationSeconds: 30 * 86_400 + 1 }],
  ["InvalidSlotSeconds", { slotSeconds: 301 }],
  ["InvalidMaxAttempts", { maxAttempts: 65 }],
  ["InvalidMaxVoidRounds", { maxVoidRounds: 0 }],
  ["InvalidRounds", { rounds: 100_001 }],
  ["InvalidNegotiationSteps", { negotiationSteps: 17 }],
  ["InvalidAlphaBounds", { alphaLowerBps: 10_000 as Bps }],
  ["InvalidAlphaBounds", { alphaUpperBps: 10_001 as Bps }],
  ["InvalidInitialAlpha", { initialAlphaBps: 10_001 as Bps }],
  ["InvalidGamma", { gammaBps: 10_001 as Bps }],
  ["InvalidQuorum", { quorumBps: 0 as Bps }],
  ["ByzantineBoundTooHigh", { aggregationRule: AggregationRule.MultiKrum, byzantineBound: 1 }],
  ["ByzantineBoundTooHigh", { aggregationRule: AggregationRule.TrimmedMean, byzantineBound: 2 }],
  ["InvalidMaxSamples", { maxSamples: 0 }],
  ["InvalidMaxScore", { maxScore: 9999 }],
  ["InvalidMaxScore", { scoreKind: ScoreKind.Error, maxScore: 0 }],
  ["InvalidTargetScore", { targetScore: 10_001 }],
  ["InvalidReputation", { reputationInitial: 101 }],
  ["InvalidRewardToken", { rewardUnit: 1n }],
  ["InvalidSlashing", { slashBounty: 1n }],
  ["EscrowTooLarge", { rewardUnit: 2n ** 127n, rewardToken: terms.arbiter }],
];

describe("the terms of a task", () => {
  it("are accepted where every one is valid", () => {
    expect(validateTerms(terms, { now })).to.equal(undefined);
    const oneStep = { alphaLowerBps: 10_000 as Bps, negotiationSteps: 1 };
    expect(faultOf(oneStep)).to.equal(undefined);
    expect(faultOf({ aggregationRule: AggregationRule.TrimmedMean, byzantineBound: 1 })).to.equal(undefined);
  });

  for (const [error, change] of BAD_TERMS) {
    it(`are refused as ${error} with ${Object.keys(change).join(", ")} changed`, () => {
      expect(faultOf(change)).to.equal(error);
    });
  }

  it("are refused with the offending values, the first bad term first", () => {
    const fault = validateTerms({ ...terms, minNodes: 0, rounds: 0 }, { now });
    expect(fault).to.deep.equal({ error: "InvalidNodeBounds", args: [0, 10] });
  });

  it("need a token that is a contract where money is at stake", () => {
    const paid = { ...terms, rewardUnit: 1n, rewardToken: terms.arbiter };
    expect(validateTerms(paid, { now, isContract: () => true })).to.equal(undefined);
    expect(validateTerms(paid, { now, isContract: () => false })?.error).to.equal("InvalidRewardToken");
  });

  it("survive the way to the contract's struct and back", () => {
    expect(termsFromAbi(termsToAbi(terms))).to.deep.equal(terms);
  });

  it("bound a task's life by its longest round after the limit", () => {
    expect(longestRoundSeconds(terms)).to.equal(600 + 3 * 300 + 300);
    expect(hardEndOf(terms)).to.equal(now + 86_400 + 1800);
  });

  it("number the aggregation rules as their names are ordered", () => {
    const names = AGGREGATION_RULES.map((_, number) => enumName(AggregationRule, number).toLowerCase());
    expect(names).to.deep.equal(AGGREGATION_RULES.map((name) => name.toLowerCase()));
  });
});
