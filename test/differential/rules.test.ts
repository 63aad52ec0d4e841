import { expect } from "chai";
import { toBeHex } from "ethers";
import * as fc from "fast-check";
import { network } from "hardhat";
import { AGGREGATION_RULES, minimumUpdates } from "#protocol/rules/aggregationRule";
import { bitmapCount, bitmapWords, toBitmap } from "#protocol/rules/bitmap";
import { AlphaGrid, ScoreKind, Strategy } from "#protocol/contracts/enums";
import { alphaAt, selectAlpha, targetIsMet } from "#protocol/rules/alphaSelection";
import { electCommittee, mixedSeed } from "#protocol/rules/committeeElection";
import { addScores, noScores, packScores, scoresAreValid } from "#protocol/rules/packedScores";
import { quorumOf } from "#protocol/rules/quorum";
import { nextReputation } from "#protocol/rules/reputationRule";
import { memberReserve } from "#protocol/rules/rewardSchedule";
import type { HarnessRules } from "#chain/typechain/test/HarnessRules";

const RUNS = { numRuns: 60 };
const word = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
const hash = fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }).map((value) => toBeHex(value, 32));
const bps = fc.integer({ min: 0, max: 10_000 });
const steps = fc.integer({ min: 1, max: 16 });

describe("Solidity and TypeScript give the same", () => {
  let rules: HarnessRules;
  before(async () => {
    const { ethers } = await network.create();
    rules = (await ethers.deployContract("HarnessRules")) as unknown as HarnessRules;
  });

  it("sums, choice and target of a negotiation", async () => {
    const negotiations = fc.record({
      // Few different scores, so that ties are common; and the extremes of a lane.
      reports: fc.array(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(9999, 10_000, 65_535)), {
          minLength: 16,
          maxLength: 16,
        }),
        { maxLength: 12 },
      ),
      steps,
      strategy: fc.constantFrom(...Object.values(Strategy)),
      kind: fc.constantFrom(...Object.values(ScoreKind)),
      target: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(10_000)),
    });
    await fc.assert(
      fc.asyncProperty(negotiations, async ({ reports, steps: R, strategy, kind, target }) => {
        const words = reports.map((scores) => packScores(scores.slice(0, R)));
        const totals = words.reduce(addScores, noScores(R));
        const index = selectAlpha(strategy, kind, totals);
        const met = targetIsMet(kind, target, totals.reports, totals.sums[index - 1] ?? 0n);
        const found = await rules.negotiate(words, R, strategy, kind, target);
        expect([...found[1]]).to.deep.equal(totals.sums);
        expect([...found[2]]).to.deep.equal(totals.squares);
        expect([found[0], found[3], found[4]]).to.deep.equal([BigInt(totals.reports), BigInt(index), met]);
      }),
      RUNS,
    );
  });

  it("sums at the most reports and greatest scores that a task can have", async () => {
    const full = packScores(Array.from({ length: 16 }, () => 65_535));
    const reports = Array.from({ length: 1024 }, () => full);
    const totals = reports.reduce(addScores, noScores(16));
    const [n, sums, squares] = await rules.negotiate(reports, 16, Strategy.MinVariance, ScoreKind.Error, 1);
    expect(n).to.equal(1024n);
    expect([...sums]).to.deep.equal(totals.sums);
    expect([...squares]).to.deep.equal(totals.squares);
  });

  it("candidates for alpha", async () => {
    const grids = fc.record({
      bounds: fc.tuple(bps, bps).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      negotiationSteps: steps,
      alphaGrid: fc.constantFrom(...Object.values(AlphaGrid)),
      r: fc.integer({ min: 1, max: 16 }),
    });
    await fc.assert(
      fc.asyncProperty(grids, async ({ bounds: [lower, upper], negotiationSteps, alphaGrid, r }) => {
        const index = Math.min(r, negotiationSteps);
        const terms = { alphaLowerBps: lower, alphaUpperBps: upper, negotiationSteps, alphaGrid };
        const found = await rules.alphaAt(index, negotiationSteps, lower, upper, alphaGrid);
        expect(found).to.equal(BigInt(alphaAt(terms, index)));
      }),
      RUNS,
    );
  });

  it("verdict on a packed word of scores", async () => {
    const words = fc.oneof(
      word,
      fc.tuple(word, steps).map(([value, lanes]) => value & ((1n << BigInt(16 * lanes)) - 1n)),
    );
    await fc.assert(
      fc.asyncProperty(words, steps, fc.constantFrom(1, 10_000, 65_535), async (value, R, maxScore) => {
        expect(await rules.isValid(value, R, maxScore)).to.equal(scoresAreValid(value, R, maxScore));
      }),
      RUNS,
    );
  });

  it("election seed, with and without the block's hash", async () => {
    const sources = fc.record({ base: hash, taskId: fc.nat(), round: fc.nat() });
    await fc.assert(
      fc.asyncProperty(sources, fc.option(hash, { nil: undefined }), async (source, blockHash) => {
        const given = blockHash ?? toBeHex(0, 32);
        const found = await rules.mixedSeed(source.base, given, source.taskId, source.round);
        expect(found).to.equal(mixedSeed(source, blockHash));
      }),
      RUNS,
    );
  });

  it("committee and threshold of any attempt", async () => {
    const elections = fc.record({
      seed: hash,
      attempt: fc.integer({ min: 0, max: 4 }),
      active: fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { minLength: 1, maxLength: 90 }),
      gammaBps: bps,
      share: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(elections, async ({ seed, attempt, active, gammaBps, share }) => {
        const posted = active.filter((member) => member % share === 0);
        const { members, threshold } = electCommittee(seed, attempt, active, gammaBps, (member) =>
          posted.includes(member),
        );
        const found = await rules.elect.staticCall(seed, attempt, active, posted, gammaBps);
        expect(found[1].map(Number)).to.deep.equal(members);
        expect(found[0].map(Number)).to.deep.equal(members.map((member) => member + 1000));
        expect(Number(found[2])).to.equal(threshold);
      }),
      RUNS,
    );
  });

  it("quorum and least number of updates", async () => {
    await fc.assert(
      fc.asyncProperty(bps, fc.integer({ min: 0, max: 1024 }), fc.nat(100), async (ratio, active, f) => {
        expect(await rules.quorum(ratio, active)).to.equal(BigInt(quorumOf(ratio, active)));
        for (const [id, rule] of AGGREGATION_RULES.entries()) {
          expect(await rules.minimumUpdates(id, f)).to.equal(BigInt(minimumUpdates(rule, f)));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("size and count of bitmaps", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { maxLength: 300 }),
        fc.integer({ min: 0, max: 1024 }),
        async (members, memberCount) => {
          const words = toBitmap(members, 1024);
          expect(await rules.count([...words])).to.equal(BigInt(bitmapCount(words)));
          expect(await rules.wordsFor(memberCount)).to.equal(BigInt(bitmapWords(memberCount)));
        },
      ),
      RUNS,
    );
  });

  it("reputation after a round", async () => {
    const cases = fc.record({ h: fc.nat(5), above: fc.nat(5), reputation: fc.nat(12), strict: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(cases, async ({ h, above, reputation, strict }) => {
        const reputationMax = Math.max(1, h + above);
        const held = Math.min(reputation, reputationMax);
        const terms = { reputationInitial: h, reputationMax, strictReputation: strict };
        expect(await rules.raised(held, reputationMax)).to.equal(
          BigInt(nextReputation(held, "accepted", terms)),
        );
        expect(await rules.lowered(held, h, strict)).to.equal(BigInt(nextReputation(held, "lowered", terms)));
      }),
      RUNS,
    );
  });

  it("most that a member can earn", async () => {
    const bounds = fc.tuple(fc.nat(1_000_000), fc.integer({ min: 1, max: 1_000_000 }));
    await fc.assert(
      fc.asyncProperty(fc.nat(100_000), bounds, async (rounds, [a, max]) => {
        const initial = Math.min(a, max);
        const terms = { reputationInitial: initial, reputationMax: max, rewardUnit: 1n };
        expect(await rules.worstCaseReputation(rounds, initial, max)).to.equal(memberReserve(terms, rounds));
      }),
      RUNS,
    );
  });
});
