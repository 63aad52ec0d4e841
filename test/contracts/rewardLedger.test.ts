import { expect } from "chai";
import { ZeroAddress } from "ethers";
import * as fc from "fast-check";
import { network } from "hardhat";
import { toBitmap } from "#protocol/rules/bitmap";
import { EndReason } from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import type { Outcome } from "#protocol/rules/reputationRule";
import { escrowOf, memberReserve, refundableOf, settleRound } from "#protocol/rules/rewardSchedule";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { deployFederation } from "./federation.ts";
import type { Federation } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const [publisher, coordinator, stranger] = await ethers.getSigners();
if (!publisher || !coordinator || !stranger) throw new Error("The network has too few accounts");

/** What a round says of each member, by member id from 1. */
type RoundOutcomes = readonly Outcome[];

/** A running task whose coordinator is an account, so that rounds can be recorded at will. Members 1.. are nodes 1.. */
const running = async (federation: Federation, members: number, terms: Partial<TaskTerms> = {}) => {
  await federation.publish({ coordinator: coordinator.address as Address, ...terms });
  await federation.join(...federation.nodes.slice(0, members));
  await federation.contracts.taskRegistry.connect(coordinator).start(federation.taskId);
};
const threeMembers = async () => {
  const federation = await deployFederation(connection, { nodes: 4 });
  await running(federation, 3, { maxNodes: 4, rounds: 3 });
  return { federation, terms: federation.terms, ledger: federation.contracts.rewardLedger };
};

/** The chain as it was, and the federation meaning its first task again. */
const restored = async () => {
  const fixture = await networkHelpers.loadFixture(threeMembers);
  fixture.federation.taskId = 1n;
  return fixture;
};

/** Records the next rounds as a coordinator would. */
const record = async (federation: Federation, rounds: readonly RoundOutcomes[]) => {
  const ledger = federation.contracts.rewardLedger.connect(coordinator);
  let round = await ledger.recordedRounds(federation.taskId);
  for (const outcomes of rounds) {
    const of = (outcome: Outcome) => [
      ...toBitmap(
        outcomes.flatMap((given, i) => (given === outcome ? [i + 1] : [])),
        outcomes.length,
      ),
    ];
    await ledger.recordRound(federation.taskId, ++round, of("accepted"), of("lowered"));
  }
};
const end = (federation: Federation, rounds: number, reason: number = EndReason.RoundsDone) =>
  federation.contracts.taskRegistry.connect(coordinator).end(federation.taskId, reason, rounds);

/** A member's account by replaying all rounds one by one. */
function replay(rounds: readonly RoundOutcomes[], memberId: number, terms: TaskTerms) {
  let account = { reputation: terms.reputationInitial, earned: 0n };
  for (const outcomes of rounds) account = settleRound(account, outcomes[memberId - 1] ?? "neutral", terms);
  return account;
}

const A = "accepted";
const L = "lowered";
const N = "neutral";

describe("RewardLedger", () => {
  describe("recording rounds", () => {
    it("is for the task's coordinator, in order, in the ledger that the terms name", async () => {
      const { federation, ledger } = await restored();
      const asCoordinator = ledger.connect(coordinator);
      await expect(ledger.recordRound(1, 1, [1], [0]))
        .to.be.revertedWithCustomError(ledger, "NotCoordinator")
        .withArgs(1, publisher.address);
      await expect(asCoordinator.recordRound(1, 2, [1], [0]))
        .to.be.revertedWithCustomError(ledger, "WrongRound")
        .withArgs(1, 1, 2);
      await expect(asCoordinator.recordRound(1, 1, [0b011], [0b100]))
        .to.emit(ledger, "RoundRecorded")
        .withArgs(1, 1, [0b011], [0b100]);
      await expect(asCoordinator.recordRound(1, 1, [1], [0]))
        .to.be.revertedWithCustomError(ledger, "WrongRound")
        .withArgs(1, 2, 1);
      expect(await ledger.recordedRounds(1)).to.equal(1);
      expect(await ledger.roundBitmaps(1, 1)).to.deep.equal([[0b011n], [0b100n]]);
      await expect(ledger.roundBitmaps(1, 2)).to.be.revertedWithCustomError(ledger, "WrongRound");

      await running(federation, 1, { rewardLedger: stranger.address as Address });
      await expect(asCoordinator.recordRound(federation.taskId, 1, [1], [0]))
        .to.be.revertedWithCustomError(ledger, "WrongLedger")
        .withArgs(federation.taskId, stranger.address);
    });
  });

  describe("settling", () => {
    it("pays the reputation at each accepted round's start and moves it by the rule", async () => {
      const { federation, ledger } = await restored();
      await record(federation, [
        [A, L, N],
        [A, L, N],
        [L, A, N],
      ]);
      // h = 5, unit = 10. Member 1: 5, 6, then falls from 7 to 6. Member 2: falls to 0, climbs to 1 though lowered, earns 1.
      await expect(ledger.settle(1, 1, 10))
        .to.emit(ledger, "Settled")
        .withArgs(1, 1, 1, 3, 6, 110);
      await expect(ledger.connect(stranger).settle(1, 2, 10))
        .to.emit(ledger, "Settled")
        .withArgs(1, 2, 1, 3, 2, 10);
      await expect(ledger.settle(1, 3, 10))
        .to.emit(ledger, "Settled")
        .withArgs(1, 3, 1, 3, 5, 0);
    });

    it("goes in steps of any size, and the account as it would stand is always in view", async () => {
      const { federation, ledger } = await restored();
      expect(await ledger.accountOf(1, 1)).to.deep.equal([0n, 5n, 0n, 0n]);
      await record(federation, [
        [A, A, A],
        [A, A, A],
        [A, A, A],
      ]);
      expect(await ledger.accountOf(1, 1)).to.deep.equal([3n, 8n, 180n, 0n]);
      expect(await ledger.storedAccountOf(1, 1)).to.deep.equal([0n, 5n, 0n, 0n]);
      await ledger.settle(1, 1, 1);
      expect(await ledger.storedAccountOf(1, 1)).to.deep.equal([1n, 6n, 50n, 0n]);
      await ledger.settle(1, 1, 2);
      expect(await ledger.storedAccountOf(1, 1)).to.deep.equal([3n, 8n, 180n, 0n]);
      await expect(ledger.settle(1, 1, 1))
        .to.be.revertedWithCustomError(ledger, "NothingToSettle")
        .withArgs(1, 1);
      await expect(ledger.settle(1, 2, 0))
        .to.be.revertedWithCustomError(ledger, "NothingToSettle")
        .withArgs(1, 2);
      for (const unknown of [0, 4]) {
        await expect(ledger.settle(1, unknown, 1))
          .to.be.revertedWithCustomError(ledger, "UnknownMember")
          .withArgs(1, unknown);
      }
    });

    it("equals a replay of all rounds, whatever the terms, the outcomes and the order of settling", async () => {
      const federation = await deployFederation(connection, { nodes: 5 });
      const ledger = federation.contracts.rewardLedger;
      const outcome = fc.constantFrom<Outcome>(A, L, N);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(outcome, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 12 }),
          fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })), {
            maxLength: 12,
          }),
          fc.record({
            reputationInitial: fc.integer({ min: 0, max: 4 }),
            reputationMax: fc.integer({ min: 4, max: 7 }),
            strictReputation: fc.boolean(),
          }),
          async (rounds, settlements, reputation) => {
            await running(federation, 5, { ...reputation, rounds: 12, maxNodes: 5 });
            const { taskId, terms } = federation;
            await record(federation, rounds);
            for (const [memberId, steps] of settlements) {
              const { settledRounds } = await ledger.storedAccountOf(taskId, memberId);
              if (Number(settledRounds) < rounds.length) await ledger.settle(taskId, memberId, steps);
              const stored = await ledger.storedAccountOf(taskId, memberId);
              const expected = replay(rounds.slice(0, Number(stored.settledRounds)), memberId, terms);
              expect([Number(stored.reputation), stored.earned]).to.deep.equal([
                expected.reputation,
                expected.earned,
              ]);
            }
            for (let memberId = 1; memberId <= 5; memberId++) {
              const { reputation: r, earned } = await ledger.accountOf(taskId, memberId);
              const expected = replay(rounds, memberId, terms);
              expect([Number(r), earned]).to.deep.equal([expected.reputation, expected.earned]);
            }
          },
        ),
        { numRuns: 15, seed: 1 },
      );
    });
  });

  describe("claiming", () => {
    it("pays the node's operator what was earned, once, while the task runs or after", async () => {
      const { federation, terms, ledger } = await restored();
      const { token, taskRegistry } = federation.contracts;
      const { operator } = federation.node(1);
      await record(federation, [[A, N, N]]);
      await expect(ledger.claim(1, 1, stranger))
        .to.be.revertedWithCustomError(ledger, "NotOperator")
        .withArgs(1, publisher.address);
      const mine = ledger.connect(operator);
      await expect(mine.claim(1, 1, ZeroAddress)).to.be.revertedWithCustomError(ledger, "ZeroAddress");
      await expect(mine.claim(1, 1, stranger))
        .to.emit(ledger, "Claimed")
        .withArgs(1, 1, stranger.address, 50);
      expect(await token.balanceOf(stranger)).to.equal(50);
      await expect(mine.claim(1, 1, stranger))
        .to.be.revertedWithCustomError(ledger, "NothingToClaim")
        .withArgs(1, 1);
      await record(federation, [[A, N, N]]);
      await end(federation, 2, EndReason.HardEnd);
      await mine.claim(1, 1, stranger);
      expect(await token.balanceOf(stranger)).to.equal(110);
      expect(await ledger.storedAccountOf(1, 1)).to.deep.equal([2n, 7n, 110n, 110n]);
      expect((await taskRegistry.status(1)).escrow).to.equal(escrowOf(terms) - 110n);
    });

    it("keeps for a node that left what it had earned", async () => {
      const { federation, ledger } = await restored();
      await record(federation, [[A, A, A]]);
      await federation.contracts.nodeRegistry.connect(federation.node(1).operator).resign();
      await federation.contracts.taskRegistry.connect(coordinator).applyChanges(1);
      await record(federation, [[N, A, A]]);
      await ledger.connect(federation.node(1).operator).claim(1, 1, stranger);
      expect(await federation.contracts.token.balanceOf(stranger)).to.equal(50);
    });

    it("replays at most 512 rounds, and the rest after", async () => {
      const federation = await deployFederation(connection, { nodes: 1 });
      await running(federation, 1, { rounds: 600, reputationInitial: 1, reputationMax: 1, rewardUnit: 1n });
      const ledger = federation.contracts.rewardLedger.connect(federation.node(1).operator);
      await record(
        federation,
        Array.from({ length: 600 }, () => [A]),
      );
      await ledger.claim(1, 1, stranger);
      expect(await federation.contracts.token.balanceOf(stranger)).to.equal(512);
      await ledger.claim(1, 1, stranger);
      expect(await federation.contracts.token.balanceOf(stranger)).to.equal(600);
    }).timeout(60_000);
  });

  describe("refunding", () => {
    it("waits for the end", async () => {
      const { federation, ledger } = await restored();
      await record(federation, [[A, A, A]]);
      expect(await ledger.refundable(1)).to.equal(0);
      await expect(ledger.refund(1)).to.be.revertedWithCustomError(ledger, "NotEnded").withArgs(1);
    });

    it("frees unplayed rounds at once, and each member's reserve as it settles", async () => {
      const { federation, terms, ledger } = await restored();
      const { token } = federation.contracts;
      await record(federation, [
        [A, N, L],
        [A, N, L],
      ]);
      await end(federation, 2, EndReason.TimeLimit);
      const reserve = memberReserve(terms, 2);
      const escrow = escrowOf(terms);
      await expect(ledger.connect(stranger).refund(1))
        .to.emit(ledger, "Refunded")
        .withArgs(1, publisher.address, escrow - 3n * reserve);
      await expect(ledger.refund(1)).to.be.revertedWithCustomError(ledger, "NothingToRefund").withArgs(1);

      await ledger.settle(1, 1, 1);
      expect(await ledger.refundable(1)).to.equal(0);
      await ledger.settle(1, 2, 2);
      expect(await ledger.refundable(1)).to.equal(reserve - 50n);
      await ledger.settle(1, 1, 1);
      await ledger.settle(1, 3, 2);
      await ledger.refund(1);
      expect(await token.balanceOf(publisher)).to.equal(escrow - 110n);
      await ledger.connect(federation.node(1).operator).claim(1, 1, stranger);
      expect(await token.balanceOf(federation.contracts.taskRegistry)).to.equal(0);
    });

    it("returns everything of a task that ended without a round", async () => {
      const { federation, terms, ledger } = await restored();
      await end(federation, 0, EndReason.VoidRounds);
      await ledger.refund(1);
      expect(await federation.contracts.token.balanceOf(publisher)).to.equal(escrowOf(terms));
    });

    it("never endangers a claim, whoever settles, claims and refunds in whatever order", async () => {
      const federation = await deployFederation(connection, { nodes: 6 });
      const { rewardLedger: ledger, taskRegistry, token } = federation.contracts;
      const action = fc.record({
        kind: fc.constantFrom("settle", "claim", "refund"),
        memberId: fc.integer({ min: 1, max: 6 }),
        steps: fc.integer({ min: 1, max: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.constantFrom<Outcome>(A, A, L, N), { minLength: 6, maxLength: 6 }), {
            minLength: 1,
            maxLength: 4,
          }),
          fc.integer({ min: 0, max: 3 }),
          fc.array(action, { maxLength: 15 }),
          async (outcomes, unplayed, actions) => {
            const terms = {
              rounds: outcomes.length + unplayed,
              maxNodes: 3,
              reputationInitial: 2,
              reputationMax: 4,
            };
            await running(federation, 3, terms);
            // Three members play the first half, three that took their places the second: more members than maxNodes.
            const half = Math.ceil(outcomes.length / 2);
            const present = (round: number, i: number) => (round < half ? i < 3 : i >= 3);
            const rounds = outcomes.map((all, round) =>
              all.map((given, i) => (present(round, i) ? given : N)),
            );
            await record(federation, rounds.slice(0, half));
            for (const node of federation.nodes.slice(0, 3)) await federation.leave(node);
            for (const node of federation.nodes.slice(3)) await federation.join(node);
            await taskRegistry.connect(coordinator).applyChanges(federation.taskId);
            await record(federation, rounds.slice(half));
            await end(federation, rounds.length);

            const { taskId } = federation;
            let refunded = 0n;
            const refund = async () => {
              const settled = await Promise.all(
                federation.nodes.map((_, i) => ledger.storedAccountOf(taskId, i + 1)),
              );
              const expected = refundableOf(federation.terms, {
                roundsPlayed: rounds.length,
                unsettledMembers: settled.filter((account) => Number(account.settledRounds) < rounds.length)
                  .length,
                credited: settled.reduce((sum, account) => sum + account.earned, 0n),
                refunded,
              });
              const possible = expected > 0n ? expected : 0n;
              expect(await ledger.refundable(taskId)).to.equal(possible);
              if (possible > 0n) await ledger.refund(taskId);
              refunded += possible;
            };
            const claim = async (memberId: number) => {
              const { earned, claimed } = await ledger.accountOf(taskId, memberId);
              const { operator } = federation.node(memberId);
              const before = await token.balanceOf(operator);
              if (earned > claimed) await ledger.connect(operator).claim(taskId, memberId, operator);
              expect((await token.balanceOf(operator)) - before).to.equal(earned - claimed);
            };
            for (const { kind, memberId, steps } of actions) {
              if (kind === "refund") await refund();
              if (kind === "claim") await claim(memberId);
              if (kind === "settle") {
                const { settledRounds } = await ledger.storedAccountOf(taskId, memberId);
                if (Number(settledRounds) < rounds.length) await ledger.settle(taskId, memberId, steps);
              }
            }
            for (let memberId = 1; memberId <= 6; memberId++) await claim(memberId);
            for (let memberId = 1; memberId <= 6; memberId++) {
              const { settledRounds } = await ledger.storedAccountOf(taskId, memberId);
              if (Number(settledRounds) < rounds.length) await ledger.settle(taskId, memberId, 9);
            }
            await refund();
            expect((await taskRegistry.status(taskId)).escrow).to.equal(0);
            expect(await token.balanceOf(taskRegistry)).to.equal(0);
          },
        ),
        { numRuns: 10, seed: 2 },
      );
    }).timeout(60_000);
  });

  it("is deployed with registries", async () => {
    const { federation, ledger } = await restored();
    const tasks = await federation.contracts.taskRegistry.getAddress();
    await expect(ethers.deployContract("RewardLedger", [ZeroAddress, tasks])).to.be.revertedWithCustomError(
      ledger,
      "ZeroAddress",
    );
  });
});
