import { expect } from "chai";
import { network } from "hardhat";
import { AggregationRule, ElectionMode, EndReason, Phase, VoidReason } from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import { electCommittee, mixedSeed } from "#protocol/rules/committeeElection";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type { Federation } from "./federation.ts";
import { deployFederation, digestOf } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

/** A federation whose task is in Aggregation, all of `nodes` active, those given by index posted. */
async function aggregating(
  nodes: number,
  terms: Partial<TaskTerms> = {},
  posting: readonly number[] = Array.from({ length: nodes }, (_, i) => i),
): Promise<Federation> {
  const federation = await deployFederation(connection, { nodes });
  await federation.startTask(terms);
  await federation.train(posting.map((i) => federation.node(i + 1)));
  if (posting.length < nodes) {
    await federation.passDeadline();
    await federation.advance();
  }
  await federation.awaitSeed();
  return federation;
}

const five = () => aggregating(5);

/** The committee by the TypeScript rule, as member ids by rank. */
async function expectedCommittee(federation: Federation): Promise<readonly number[]> {
  const { seed, attempt } = await federation.round();
  const posted = await federation.posted();
  const active = await federation.contracts.taskRegistry.activeMembers(federation.taskId);
  const { members } = electCommittee(
    seed,
    Number(attempt),
    active.map(Number),
    federation.terms.gammaBps,
    (member) => posted.includes(member),
  );
  return members;
}

describe("Election", () => {
  it("by model hash takes the base itself as seed, known at the opening", async () => {
    const federation = await deployFederation(connection, { nodes: 6 });
    await federation.startTask({ electionMode: ElectionMode.ModelHash });
    const { seed, base, sealBlock } = await federation.round();
    expect(seed).to.equal(base);
    expect(sealBlock).to.equal(0);
    const { memberIds, threshold } = await federation.committee();
    expect(memberIds).to.deep.equal(await expectedCommittee(federation));
    expect(threshold).to.equal(3);
    await federation.playRound();
    expect((await federation.round()).seed).to.equal(digestOf("aggregate of 1"));
  });

  it("with the mixed seed seals the hash of the block after the opening, once that is known", async () => {
    const federation = await deployFederation(connection, { nodes: 6 });
    await federation.startTask();
    const { coordinator } = federation.contracts;
    const { sealBlock, base } = await federation.round();
    await expect(coordinator.committeeOf(federation.taskId))
      .to.be.revertedWithCustomError(coordinator, "SeedNotReady")
      .withArgs(federation.taskId, sealBlock);
    await networkHelpers.mine(3);
    const hash = (await ethers.provider.getBlock(Number(sealBlock)))?.hash ?? "";
    const seed = mixedSeed({ base, taskId: federation.taskId, round: 1 }, hash);
    // The view already elects by the seed that the next call seals.
    const before = await federation.committee();
    await expect(federation.submitUpdates([await federation.update(federation.node(1))]))
      .to.emit(coordinator, "SeedSealed")
      .withArgs(federation.taskId, 1, seed, hash);
    expect(await federation.committee()).to.deep.equal(before);
    expect(before.memberIds).to.deep.equal(await expectedCommittee(federation));
  });

  it("past 256 blocks seals a seed without a block hash", async () => {
    const federation = await deployFederation(connection, { nodes: 6 });
    await federation.startTask();
    const { sealBlock, base } = await federation.round();
    await networkHelpers.mine(300);
    const seed = mixedSeed({ base, taskId: federation.taskId, round: 1 }, undefined);
    await expect(federation.submitUpdates([await federation.update(federation.node(1))]))
      .to.emit(federation.contracts.coordinator, "SeedSealed")
      .withArgs(federation.taskId, 1, seed, ethers.ZeroHash);
    expect((await federation.round()).sealBlock).to.equal(sealBlock);
    expect((await federation.committee()).memberIds).to.deep.equal(await expectedCommittee(federation));
  });

  it("of a later attempt walks over the members that posted", async () => {
    const federation = await aggregating(9, { quorumBps: bps(5000), gammaBps: bps(0) }, [0, 2, 3, 5, 8]);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await federation.passDeadline();
      await federation.advance();
      const { memberIds } = await federation.committee();
      expect(memberIds).to.deep.equal(await expectedCommittee(federation));
      expect([1, 3, 4, 6, 9]).to.include.members(memberIds);
      expect(memberIds).to.have.length(4);
    }
  });

  it("of a later attempt is smaller where fewer posted, and so is its threshold", async () => {
    const federation = await aggregating(9, { quorumBps: bps(2000) }, [4, 7]);
    await federation.passDeadline();
    await federation.advance();
    const { memberIds, threshold } = await federation.committee();
    expect(memberIds).to.have.members([5, 8]);
    expect(threshold).to.equal(2);
    await federation.aggregate();
    expect((await federation.round()).phase).to.equal(Phase.Negotiation);
  });
});

describe("A proposal", () => {
  it("is accepted with the threshold of attestations, in any slot from the proposer's on", async () => {
    const federation = await networkHelpers.loadFixture(five);
    const { coordinator } = federation.contracts;
    const { phaseStart } = await federation.round();
    const { nodes } = await federation.committee();
    const from = phaseStart + 2n * 120n;
    const byThird = await federation.proposal({ proposerRank: 2 });
    await networkHelpers.time.setNextBlockTimestamp(from - 1n);
    await expect(federation.submitAggregate(byThird))
      .to.be.revertedWithCustomError(coordinator, "RankNotYet")
      .withArgs(2, from);
    await networkHelpers.time.setNextBlockTimestamp(from);
    const sent = federation.submitAggregate(byThird);
    for (const rank of [0, 1]) {
      await expect(sent)
        .to.emit(coordinator, "DutyMissed")
        .withArgs(federation.taskId, 1, nodes[rank]?.nodeId, 0, 0, rank);
    }
    await expect(sent).to.emit(coordinator, "AggregateAccepted");
    const { aggregate, phase } = await federation.round();
    expect(phase).to.equal(Phase.Negotiation);
    expect(aggregate).to.equal(digestOf("aggregate of 1"));
  });

  it("may still come from the leader in a later slot, who then missed nothing", async () => {
    const federation = await networkHelpers.loadFixture(five);
    const { phaseStart } = await federation.round();
    await networkHelpers.time.setNextBlockTimestamp(phaseStart + 500n);
    await expect(federation.aggregate()).not.to.emit(federation.contracts.coordinator, "DutyMissed");
  });

  it("needs attestations of enough members, ascending, the proposer's among them", async () => {
    const federation = await networkHelpers.loadFixture(five);
    const { coordinator } = federation.contracts;
    const { nodes } = await federation.committee();
    const refused = async (
      fields: Parameters<Federation["proposal"]>[0],
      error: string,
      ...args: unknown[]
    ) =>
      expect(federation.submitAggregate(await federation.proposal(fields)))
        .to.be.revertedWithCustomError(coordinator, error)
        .withArgs(...args);
    await refused({ ranks: [0, 1] }, "TooFewAttestations", 2, 3);
    await refused({ ranks: [0, 2, 1] }, "RanksNotAscending", 2, 1);
    await refused({ ranks: [0, 0, 1] }, "RanksNotAscending", 0, 0);
    await refused({ ranks: [1, 2, 3] }, "ProposerDidNotAttest", 0);
    await refused({ ranks: [0, 1, 4] }, "InvalidRank", 4, 4);
    await refused({ proposerRank: 4, ranks: [0, 1, 2] }, "InvalidRank", 4, 4);
    const good = await federation.proposal();
    const forged = { ...good, digest: digestOf("what nobody attested") };
    await expect(federation.submitAggregate(forged))
      .to.be.revertedWithCustomError(coordinator, "BadAttestation")
      .withArgs(0, nodes[0]?.nodeId);
    await expect(coordinator.submitAggregate(federation.taskId, 1, 0, 1, good))
      .to.be.revertedWithCustomError(coordinator, "WrongAttempt")
      .withArgs(federation.taskId, 0, 1);
  });

  it("needs bitmaps that are disjoint, posted, of the right length, and accept someone", async () => {
    const federation = await aggregating(
      6,
      { aggregationRule: AggregationRule.TrimmedMean, byzantineBound: 1, minNodes: 5 },
      [0, 1, 2, 3],
    );
    const { coordinator } = federation.contracts;
    const refused = async (
      fields: Parameters<Federation["proposal"]>[0],
      error: string,
      ...args: unknown[]
    ) =>
      expect(federation.submitAggregate(await federation.proposal(fields)))
        .to.be.revertedWithCustomError(coordinator, error)
        .withArgs(...args);
    await refused({ accepted: [1, 2], rejected: [2] }, "BitmapsOverlap");
    await refused({ accepted: [1, 2, 5] }, "NotPosted");
    await refused({ accepted: [1, 2], rejected: [6] }, "NotPosted");
    await refused({ accepted: [], rejected: [1, 2, 3] }, "NothingAccepted");
    await refused({ accepted: [1], rejected: [2] }, "TooFewUpdates", 2, 3);
    await refused({ digest: ethers.ZeroHash, accepted: [1, 2, 3] }, "EnoughUpdates", 3, 3);
    const good = await federation.proposal();
    await expect(federation.submitAggregate({ ...good, accepted: [1n, 0n] }))
      .to.be.revertedWithCustomError(coordinator, "BitmapLength")
      .withArgs(2, 1);
    await expect(federation.submitAggregate({ ...good, rejected: [] }))
      .to.be.revertedWithCustomError(coordinator, "BitmapLength")
      .withArgs(0, 1);
  });

  it("of digest zero voids the round at once, since too few updates could be had", async () => {
    const federation = await aggregating(5, {
      aggregationRule: AggregationRule.Krum,
      byzantineBound: 0,
      minNodes: 5,
      gammaBps: bps(0),
    });
    const { coordinator } = federation.contracts;
    await expect(federation.aggregate({ digest: ethers.ZeroHash, accepted: [1], rejected: [2] }))
      .to.emit(coordinator, "RoundVoided")
      .withArgs(federation.taskId, 1, 0, VoidReason.TooFewUpdates, 1);
    const { round, retry, attempt, phase, postedCount } = await federation.round();
    expect([round, retry, attempt, phase, postedCount].map(Number)).to.deep.equal([
      1,
      1,
      1,
      Phase.Training,
      0,
    ]);
  });

  it("that never comes hands the round to the next committee, and at last voids it", async () => {
    const federation = await networkHelpers.loadFixture(five);
    const { coordinator } = federation.contracts;
    for (let attempt = 0; attempt < 3; attempt++) {
      const { nodes } = await federation.committee();
      expect((await federation.round()).attemptsLeft).to.equal(2 - attempt);
      await federation.passDeadline();
      const sent = federation.advance();
      await expect(sent)
        .to.emit(coordinator, "DutyMissed")
        .withArgs(federation.taskId, 1, nodes[0]?.nodeId, 0, attempt, 0);
      if (attempt < 2) await expect(sent).not.to.emit(coordinator, "RoundVoided");
      else {
        await expect(sent)
          .to.emit(coordinator, "RoundVoided")
          .withArgs(federation.taskId, 1, 0, VoidReason.AttemptsSpent, 1);
      }
    }
    const reopened = await federation.round();
    expect([reopened.retry, reopened.attempt, reopened.attemptsLeft].map(Number)).to.deep.equal([1, 3, 2]);
    await expect(coordinator.committeeOf(federation.taskId))
      .to.be.revertedWithCustomError(coordinator, "WrongPhase")
      .withArgs(federation.taskId, Phase.Training);

    // The retry goes on with attempt 3, whose committee must have posted again.
    await federation.train();
    expect((await federation.committee()).memberIds).to.deep.equal(await expectedCommittee(federation));
    await federation.aggregate();
    await federation.negotiate();
    const next = await federation.round();
    expect([next.round, next.retry, next.attempt, next.voidsInRow].map(Number)).to.deep.equal([2, 0, 0, 0]);
  });

  it("needs no others where the task has one node, and both where it has two", async () => {
    for (const nodes of [1, 2]) {
      const federation = await aggregating(nodes, { rounds: 1 });
      const { memberIds, threshold } = await federation.committee();
      expect(memberIds).to.have.length(nodes);
      expect(threshold).to.equal(nodes);
      await federation.aggregate();
      await federation.negotiate();
      expect((await federation.status()).endReason).to.equal(EndReason.RoundsDone);
    }
  });
});
