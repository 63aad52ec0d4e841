import { expect } from "chai";
import * as fc from "fast-check";
import type { Outcome } from "#protocol/rules/reputationRule";
import { nextReputation } from "#protocol/rules/reputationRule";
import { escrowOf, memberReserve, refundableOf, settleRound } from "#protocol/rules/rewardSchedule";

const outcomes: readonly Outcome[] = ["accepted", "lowered", "neutral"];
const reputationTerms = fc
  .tuple(fc.nat(30), fc.integer({ min: 1, max: 30 }), fc.boolean())
  .map(([a, b, strictReputation]) => ({
    reputationInitial: Math.min(a, b),
    reputationMax: b,
    strictReputation,
  }));

describe("reputation", () => {
  const terms = { reputationInitial: 5, reputationMax: 7, strictReputation: false };
  const next = (reputation: number, outcome: Outcome, strictReputation = false): number =>
    nextReputation(reputation, outcome, { ...terms, strictReputation });

  it("rises by one to the maximum, falls by one to h, and from h to zero", () => {
    expect([5, 6, 7].map((r) => next(r, "accepted"))).to.deep.equal([6, 7, 7]);
    expect([7, 6, 5].map((r) => next(r, "lowered"))).to.deep.equal([6, 5, 0]);
  });

  it("climbs below h even when lowered, unless the terms are strict", () => {
    expect([0, 4].map((r) => next(r, "lowered"))).to.deep.equal([1, 5]);
    expect([0, 4].map((r) => next(r, "lowered", true))).to.deep.equal([0, 4]);
    expect(next(4, "accepted", true)).to.equal(5);
  });

  it("stays between zero and the maximum whatever happens", () => {
    fc.assert(
      fc.property(reputationTerms, fc.array(fc.constantFrom(...outcomes)), (bounds, history) => {
        let reputation = bounds.reputationInitial;
        for (const outcome of history) reputation = nextReputation(reputation, outcome, bounds);
        expect(reputation).to.be.within(0, bounds.reputationMax);
      }),
    );
  });
});

describe("the escrow", () => {
  const rewardTerms = fc.record({
    reputation: reputationTerms,
    rounds: fc.integer({ min: 1, max: 60 }),
    maxNodes: fc.integer({ min: 1, max: 20 }),
    rewardUnit: fc.bigInt({ min: 0n, max: 10n ** 20n }),
  });

  it("is the sum over all rounds of maxNodes * min(max, h + t) * unit", () => {
    fc.assert(
      fc.property(rewardTerms, ({ reputation, ...task }) => {
        let sum = 0n;
        for (let t = 0; t < task.rounds; t++) {
          const best = Math.min(reputation.reputationMax, reputation.reputationInitial + t);
          sum += BigInt(task.maxNodes) * BigInt(best) * task.rewardUnit;
        }
        expect(escrowOf({ ...reputation, ...task })).to.equal(sum);
      }),
    );
  });

  it("covers what a member earns in any history, and exactly so when it is always accepted", () => {
    fc.assert(
      fc.property(
        rewardTerms,
        fc.array(fc.constantFrom(...outcomes)),
        ({ reputation, rewardUnit }, history) => {
          const terms = { ...reputation, rewardUnit };
          const play = (results: readonly Outcome[]): bigint =>
            results.reduce((account, outcome) => settleRound(account, outcome, terms), {
              reputation: terms.reputationInitial,
              earned: 0n,
            }).earned;
          const reserve = memberReserve(terms, history.length);
          expect(play(history) <= reserve).to.equal(true);
          expect(play(history.map(() => "accepted"))).to.equal(reserve);
        },
      ),
    );
  });

  it("gives back the unplayed rounds at the end, and each reserve as its member settles", () => {
    const terms = { reputationInitial: 1, reputationMax: 2, rounds: 3, maxNodes: 2, rewardUnit: 10n };
    // e(3) = 10 + 20 + 20 = 50, e(1) = 10.
    const ended = { roundsPlayed: 1, credited: 0n, refunded: 0n };
    expect(escrowOf(terms)).to.equal(100n);
    expect(refundableOf(terms, { ...ended, unsettledMembers: 3 })).to.equal(80n);
    expect(refundableOf(terms, { ...ended, unsettledMembers: 0, credited: 10n, refunded: 80n })).to.equal(
      10n,
    );
    const overlapping = { ...ended, roundsPlayed: 3, unsettledMembers: 2, credited: 20n };
    expect(refundableOf(terms, overlapping)).to.equal(0n);
    expect(refundableOf(terms, { ...ended, roundsPlayed: 0, unsettledMembers: 2 })).to.equal(100n);
  });
});
