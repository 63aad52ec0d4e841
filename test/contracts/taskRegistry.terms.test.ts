import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import { network } from "hardhat";
import { AggregationRule, ScoreKind } from "#protocol/contracts/enums";
import type { Address, Bps, Digest } from "#protocol/ids";
import { escrowOf } from "#protocol/rules/rewardSchedule";
import { validateTerms } from "#protocol/rules/validateTerms";
import { termsFromAbi, termsToAbi } from "#protocol/terms/taskTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { deployFederation } from "./federation.ts";

const connection = await network.create();
const { networkHelpers } = connection;
const DAY = 86_400;
const NO_PERMIT = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };
const nobody = ZeroAddress as Address;
const someone = "0x00000000000000000000000000000000000000A1" as Address;
const bps = (value: number): Bps => value as Bps;

type Change = Partial<TaskTerms> | ((valid: TaskTerms) => Partial<TaskTerms>);
type Case = readonly [error: string, change: Change];

/** Terms that are wrong in one way each, at the edge where they become wrong. */
const WRONG: readonly Case[] = [
  ["ZeroManifestDigest", { manifestDigest: ZeroHash as Digest }],
  ["ZeroInitialModelDigest", { initialModelDigest: ZeroHash as Digest }],
  ["InvalidMaxArtifactBytes", { maxArtifactBytes: 1023 }],
  ["InvalidMaxArtifactBytes", { maxArtifactBytes: 2 ** 31 }],
  ["ZeroCoordinator", { coordinator: nobody }],
  ["ZeroArbiter", { arbiter: nobody }],
  ["ZeroStakeVault", { stakeVault: nobody }],
  ["ZeroRewardLedger", { rewardLedger: nobody }],
  ["InvalidNodeBounds", { minNodes: 0 }],
  ["InvalidNodeBounds", { minNodes: 5, maxNodes: 4 }],
  ["InvalidNodeBounds", { maxNodes: 1025 }],
  ["InvalidStakeToken", { minStake: 1n, stakeToken: nobody, slashRecipient: someone }],
  ["InvalidStakeToken", { minStake: 1n, stakeToken: someone, slashRecipient: someone }],
  ["InvalidStakeToken", ({ rewardToken }) => ({ minStake: 0n, stakeToken: rewardToken })],
  ["InvalidSlashing", ({ rewardToken }) => ({ minStake: 1n, stakeToken: rewardToken })],
  ["InvalidSlashing", { slashBounty: 1n }],
  ["InvalidTimeLimit", { timeLimit: 1_000, startTime: 0 }],
  ["InvalidTimeLimit", ({ timeLimit }) => ({ timeLimit: timeLimit + 3651 * DAY })],
  ["InvalidStartTime", ({ timeLimit }) => ({ startTime: timeLimit })],
  ["InvalidTrainingSeconds", { trainingSeconds: 0 }],
  ["InvalidTrainingSeconds", { trainingSeconds: 30 * DAY + 1 }],
  ["InvalidAggregationSeconds", { aggregationSeconds: 600 }],
  ["InvalidAggregationSeconds", { fetchSeconds: 0 }],
  ["InvalidAggregationSeconds", { aggregationSeconds: 30 * DAY + 1 }],
  ["InvalidNegotiationSeconds", { negotiationSeconds: 0 }],
  ["InvalidNegotiationSeconds", { negotiationSeconds: 30 * DAY + 1 }],
  ["InvalidSlotSeconds", { slotSeconds: 0 }],
  ["InvalidSlotSeconds", { slotSeconds: 1201 }],
  ["InvalidDisputeWindow", { disputeWindowSeconds: 365 * DAY + 1 }],
  ["InvalidMaxAttempts", { maxAttempts: 0 }],
  ["InvalidMaxAttempts", { maxAttempts: 65 }],
  ["InvalidMaxVoidRounds", { maxVoidRounds: 0 }],
  ["InvalidRounds", { rounds: 0 }],
  ["InvalidRounds", { rounds: 100_001 }],
  ["InvalidGamma", { gammaBps: bps(10_001) }],
  ["InvalidQuorum", { quorumBps: bps(0) }],
  ["InvalidQuorum", { quorumBps: bps(10_001) }],
  [
    "ByzantineBoundTooHigh",
    {
      aggregationRule: AggregationRule.Krum,
      byzantineBound: 1,
      minNodes: 5,
      maxNodes: 5,
      quorumBps: bps(8000),
    },
  ],
  [
    "ByzantineBoundTooHigh",
    { aggregationRule: AggregationRule.MultiKrum, byzantineBound: 0, minNodes: 2, quorumBps: bps(10_000) },
  ],
  [
    "ByzantineBoundTooHigh",
    { aggregationRule: AggregationRule.TrimmedMean, byzantineBound: 1, minNodes: 2, quorumBps: bps(10_000) },
  ],
  ["InvalidMaxSamples", { maxSamples: 0 }],
  ["InvalidNegotiationSteps", { negotiationSteps: 0 }],
  ["InvalidNegotiationSteps", { negotiationSteps: 17 }],
  ["InvalidAlphaBounds", { alphaLowerBps: bps(5000), alphaUpperBps: bps(5000) }],
  ["InvalidAlphaBounds", { alphaLowerBps: bps(5001), alphaUpperBps: bps(5000), negotiationSteps: 1 }],
  ["InvalidAlphaBounds", { alphaUpperBps: bps(10_001) }],
  ["InvalidInitialAlpha", { initialAlphaBps: bps(10_001) }],
  ["InvalidMaxScore", { maxScore: 9999 }],
  ["InvalidMaxScore", { scoreKind: ScoreKind.Error, maxScore: 0 }],
  ["InvalidTargetScore", { targetScore: 10_001 }],
  ["InvalidReputation", { reputationInitial: 101 }],
  ["InvalidReputation", { reputationInitial: 0, reputationMax: 0 }],
  ["InvalidReputation", { reputationMax: 1_000_001 }],
  ["InvalidRewardToken", { rewardToken: nobody }],
  ["InvalidRewardToken", { rewardToken: someone }],
];

/** Terms at the other side of those edges. */
const RIGHT: readonly Change[] = [
  { maxArtifactBytes: 1024 },
  { maxArtifactBytes: 2 ** 31 - 1 },
  { minNodes: 1024, maxNodes: 1024 },
  ({ startTime }) => ({ timeLimit: startTime + 3650 * DAY }),
  { startTime: 0 },
  { trainingSeconds: 30 * DAY, negotiationSeconds: 30 * DAY },
  { aggregationSeconds: 601, slotSeconds: 601 },
  { fetchSeconds: 1, objectionSeconds: 0, aggregationSeconds: 2, slotSeconds: 1 },
  { disputeWindowSeconds: 365 * DAY },
  { maxAttempts: 64, maxVoidRounds: 255, rounds: 100_000, rewardUnit: 1n },
  { gammaBps: bps(10_000), quorumBps: bps(1) },
  {
    aggregationRule: AggregationRule.Krum,
    byzantineBound: 1,
    minNodes: 5,
    maxNodes: 5,
    quorumBps: bps(8001),
  },
  {
    aggregationRule: AggregationRule.TrimmedMean,
    byzantineBound: 1,
    minNodes: 3,
    quorumBps: bps(10_000),
  },
  { aggregationRule: AggregationRule.Median, byzantineBound: 9 },
  { negotiationSteps: 16, alphaLowerBps: bps(9999) },
  { negotiationSteps: 1, alphaLowerBps: bps(5000), alphaUpperBps: bps(5000) },
  { scoreKind: ScoreKind.Error, maxScore: 65_535, targetScore: 65_535 },
  { reputationInitial: 1_000_000, reputationMax: 1_000_000 },
  { rewardToken: nobody, rewardUnit: 0n },
  { slashBounty: 1n, slashRecipient: someone },
];

async function oneFounder() {
  const federation = await deployFederation(connection, { nodes: 1 });
  return { federation, valid: await federation.defaultTerms() };
}

const apply = (change: Change, valid: TaskTerms): TaskTerms => ({
  ...valid,
  ...(typeof change === "function" ? change(valid) : change),
});
const describeChange = (change: Change): string =>
  typeof change === "function"
    ? change.toString().replace(/^.*=> /, "")
    : JSON.stringify(change, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));

describe("Task terms", () => {
  for (const [error, change] of WRONG) {
    it(`are refused with ${error}: ${describeChange(change)}`, async () => {
      const { federation, valid } = await networkHelpers.loadFixture(oneFounder);
      const { taskRegistry } = federation.contracts;
      const terms = apply(change, valid);
      const contracts = new Set([terms.stakeVault, valid.rewardToken]);
      const twin = validateTerms(terms, {
        now: await federation.now(),
        isContract: (account) => contracts.has(account as Address),
      });
      expect(twin?.error).to.equal(error);
      await expect(taskRegistry.publish(termsToAbi(terms), NO_PERMIT))
        .to.be.revertedWithCustomError(taskRegistry, error)
        .withArgs(...(twin?.args ?? []));
    });
  }

  for (const change of RIGHT) {
    it(`are accepted: ${describeChange(change)}`, async () => {
      const { federation, valid } = await networkHelpers.loadFixture(oneFounder);
      const terms = apply(change, valid);
      expect(validateTerms(terms, { now: await federation.now() })).to.equal(undefined);
      await federation.publish(terms);
      expect(termsFromAbi(await federation.contracts.taskRegistry.terms(1))).to.deep.equal(terms);
    });
  }

  it("fix the escrow: the worst case of all rounds", async () => {
    const { federation, valid } = await networkHelpers.loadFixture(oneFounder);
    const { taskRegistry } = federation.contracts;
    for (const [rounds, maxNodes, reputationInitial, reputationMax, rewardUnit] of [
      [1, 1, 0, 1, 1n],
      [1, 3, 5, 100, 7n],
      [200, 4, 5, 100, 10n ** 18n],
      [10, 1024, 100, 100, 3n],
      [9, 2, 0, 10, 1n],
      [10, 2, 0, 10, 1n],
      [11, 2, 0, 10, 1n],
      [12, 2, 0, 10, 1n],
    ] as const) {
      const terms = { ...valid, rounds, maxNodes, reputationInitial, reputationMax, rewardUnit };
      let worst = 0n;
      for (let t = 0; t < rounds; t++) {
        worst += BigInt(maxNodes * Math.min(reputationMax, reputationInitial + t)) * rewardUnit;
      }
      expect(await taskRegistry.escrowFor(termsToAbi(terms))).to.equal(worst);
      expect(escrowOf(terms)).to.equal(worst);
    }
  });

  it("cannot promise more than an account of the ledger holds", async () => {
    const { federation, valid } = await networkHelpers.loadFixture(oneFounder);
    const { taskRegistry } = federation.contracts;
    const terms = { ...valid, rewardUnit: 2n ** 128n - 1n };
    await expect(taskRegistry.publish(termsToAbi(terms), NO_PERMIT))
      .to.be.revertedWithCustomError(taskRegistry, "EscrowTooLarge")
      .withArgs(escrowOf(terms), 2n ** 128n - 1n);
  });
});
