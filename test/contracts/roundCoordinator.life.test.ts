import { expect } from "chai";
import { network } from "hardhat";
import {
  AlphaGrid,
  AlphaOrigin,
  EndReason,
  Phase,
  ScoreKind,
  Strategy,
  TaskState,
  VoidReason,
} from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type { Federation } from "./federation.ts";
import { deployCoordinator, deployFederation, digestOf } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

async function fiveNodes(): Promise<Federation> {
  return deployFederation(connection, { nodes: 5 });
}

async function started(terms: Partial<TaskTerms> = {}): Promise<Federation> {
  const federation = await networkHelpers.loadFixture(fiveNodes);
  await federation.startTask(terms);
  return federation;
}

async function expectEnded(federation: Federation, state: TaskState, reason: EndReason, played: number) {
  const status = await federation.status();
  expect([status.state, status.endReason, status.roundsPlayed].map(Number)).to.deep.equal([
    state,
    reason,
    played,
  ]);
  const { coordinator } = federation.contracts;
  const { phase, due, round, retry } = await federation.round();
  expect([Number(phase), due]).to.deep.equal([Phase.Ended, false]);
  await expect(federation.advance()).to.be.revertedWithCustomError(coordinator, "NotRunning");
  await expect(coordinator.submitUpdates(federation.taskId, round, retry, [])).to.be.revertedWithCustomError(
    coordinator,
    "NotRunning",
  );
}

describe("Starting a task", () => {
  it("opens round 1 with the terms' model, alpha and clock", async () => {
    const federation = await networkHelpers.loadFixture(fiveNodes);
    const { coordinator } = federation.contracts;
    await federation.publish();
    await federation.join(...federation.nodes);
    await expect(coordinator.start(federation.taskId)).to.emit(coordinator, "RoundOpened");
    const opened = await federation.round();
    const now = BigInt(await federation.now());
    expect(opened.base).to.equal(digestOf("initial model"));
    expect([opened.alphaBps, opened.quorum, opened.activeCount].map(Number)).to.deep.equal([5000, 3, 5]);
    expect([opened.openedAt, opened.phaseStart, opened.deadline]).to.deep.equal([now, now, now + 3600n]);
    expect(opened.hardEnd).to.equal((await federation.status()).hardEnd);
    await expect(coordinator.start(federation.taskId)).to.be.revertedWithCustomError(
      federation.contracts.taskRegistry,
      "WrongState",
    );
  });

  it("is refused for a task of another coordinator", async () => {
    const federation = await networkHelpers.loadFixture(fiveNodes);
    const { nodeRegistry, taskRegistry, coordinator } = federation.contracts;
    const other = await deployCoordinator(connection, [nodeRegistry, taskRegistry]);
    await federation.publish();
    await expect(other.start(federation.taskId))
      .to.be.revertedWithCustomError(other, "WrongCoordinator")
      .withArgs(federation.taskId, await coordinator.getAddress());
  });

  it("needs both registries", async () => {
    const federation = await networkHelpers.loadFixture(fiveNodes);
    const { nodeRegistry, coordinator } = federation.contracts;
    await expect(
      deployCoordinator(connection, [nodeRegistry, ethers.ZeroAddress]),
    ).to.be.revertedWithCustomError(coordinator, "ZeroAddress");
  });
});

describe("A phase", () => {
  it("does not advance before its deadline", async () => {
    const federation = await started();
    const { coordinator } = federation.contracts;
    const { deadline, due } = await federation.round();
    expect(due).to.equal(false);
    await expect(federation.advance())
      .to.be.revertedWithCustomError(coordinator, "NotDue")
      .withArgs(federation.taskId, deadline);
  });

  it("is due at its deadline and goes on with a quorum, one transition a call", async () => {
    const federation = await started();
    const { coordinator } = federation.contracts;
    await federation.train(federation.nodes.slice(0, 3));
    const { deadline } = await federation.round();
    await networkHelpers.time.increaseTo(deadline + 100_000n);
    expect((await federation.round()).due).to.equal(true);
    await federation.advance();
    const now = BigInt(await federation.now());
    const { phase, phaseStart, deadline: next, fetchEnd, objectEnd } = await federation.round();
    expect(phase).to.equal(Phase.Aggregation);
    expect([phaseStart, next, fetchEnd, objectEnd]).to.deep.equal([now, now + 1200n, now + 300n, now + 600n]);
    await expect(federation.advance()).to.be.revertedWithCustomError(coordinator, "NotDue");
  });

  it("of training without a quorum voids the round, which opens again with the same base and seed", async () => {
    const federation = await started();
    const { coordinator } = federation.contracts;
    await federation.train([federation.node(1)]);
    await federation.train([federation.node(2)]);
    const before = await federation.round();
    const stale = await federation.update(federation.node(3));
    await federation.passDeadline();
    await expect(federation.advance())
      .to.emit(coordinator, "RoundVoided")
      .withArgs(federation.taskId, 1, 0, VoidReason.NoQuorum, 1);
    const after = await federation.round();
    expect([after.round, after.retry, after.attempt, after.postedCount].map(Number)).to.deep.equal([
      1, 1, 0, 0,
    ]);
    expect([after.base, after.seed]).to.deep.equal([before.base, before.seed]);
    expect(await federation.posted()).to.deep.equal([]);
    expect(await coordinator.hasPosted(federation.taskId, 1)).to.equal(false);
    await expect(coordinator.submitUpdates(federation.taskId, 1, 0, [stale]))
      .to.be.revertedWithCustomError(coordinator, "WrongRound")
      .withArgs(federation.taskId, 1, 1);
    await expect(coordinator.submitUpdates(federation.taskId, 1, 1, [stale])).to.be.revertedWithCustomError(
      coordinator,
      "NothingCounted",
    );
    // Attempt 0 is still to come: a round that voids in training uses none up.
    await federation.playRound();
    expect((await federation.round()).round).to.equal(2);
  });

  it("of negotiation without a quorum keeps the last alpha and says so", async () => {
    const federation = await started();
    const { coordinator } = federation.contracts;
    const kept = async (round: number, alphaBps: number) => {
      await federation.train();
      await federation.aggregate();
      await federation.negotiate(undefined, federation.nodes.slice(0, 2));
      await federation.passDeadline();
      const { base } = await federation.round();
      await expect(federation.advance())
        .to.emit(coordinator, "RoundFinalised")
        .withArgs(
          federation.taskId,
          round,
          0,
          base,
          digestOf(`aggregate of ${round}`),
          AlphaOrigin.Kept,
          alphaBps,
          0,
          2,
          federation.rising().map((score) => 2 * score),
          federation.rising().map((score) => 2 * score ** 2),
        );
    };
    await kept(1, 5000);
    await federation.playRound((node) => federation.rising().with(2, 9000 + node.nodeId));
    expect((await federation.round()).alphaBps).to.equal(3000);
    await kept(3, 3000);
  });
});

/** Plays one round in which node k reports `tables[k - 1]`, and gives r* and alpha. */
async function negotiated(tables: readonly (readonly number[])[], terms: Partial<TaskTerms>) {
  const federation = await started({ negotiationSteps: 4, ...terms });
  const sent = await federation.playRound((node) => tables[node.nodeId - 1] ?? []);
  const receipt = await sent.wait();
  const { coordinator } = federation.contracts;
  const finalised = receipt?.logs
    .map((log) => coordinator.interface.parseLog(log))
    .find((log) => log?.name === "RoundFinalised");
  return [Number(finalised?.args["negotiationIndex"]), Number(finalised?.args["alphaBps"])];
}

describe("Alpha", () => {
  const tables = [
    [5000, 9000, 6100, 10],
    [5000, 2000, 5900, 12],
    [5000, 9000, 6000, 10],
    [5001, 1000, 6000, 11],
    [5000, 9000, 6000, 10],
  ];

  it("is the one of the greatest mean, or of the least mean of errors", async () => {
    expect(await negotiated(tables, {})).to.deep.equal([2, 5000]);
    expect(await negotiated(tables, { scoreKind: ScoreKind.Error })).to.deep.equal([4, 10_000]);
  });

  it("is the one of the least variance", async () => {
    const strategy = Strategy.MinVariance;
    expect(await negotiated(tables, { strategy })).to.deep.equal([1, 2500]);
    const withoutFirst = tables.map((table, k) => table.with(0, 1000 * k));
    expect(await negotiated(withoutFirst, { strategy })).to.deep.equal([4, 10_000]);
  });

  it("is the smallest r among equals, on the grid that the terms name", async () => {
    const equal = tables.map(() => [7, 7, 7, 7]);
    const grid = { alphaLowerBps: bps(1000), alphaUpperBps: bps(9001) };
    expect(await negotiated(equal, grid)).to.deep.equal([1, 3000]);
    expect(await negotiated(equal, { ...grid, strategy: Strategy.MinVariance })).to.deep.equal([1, 3000]);
    expect(await negotiated(equal, { ...grid, alphaGrid: AlphaGrid.IncludeLower })).to.deep.equal([1, 1000]);
  });
});

describe("Membership", () => {
  it("changes at the next opening, and the quorum with it", async () => {
    const federation = await started({ maxNodes: 6 });
    const newcomer = await federation.admit();
    await federation.join(newcomer);
    await federation.leave(federation.node(2));
    await expect(federation.submitUpdates([await federation.update(newcomer)])).to.be.revertedWithCustomError(
      federation.contracts.coordinator,
      "NothingCounted",
    );
    await federation.playRound();
    const { activeCount, quorum } = await federation.round();
    expect([activeCount, quorum].map(Number)).to.deep.equal([5, 3]);
    const active = await federation.activeNodes();
    expect(active.map((node) => node.nodeId)).to.have.members([1, 3, 4, 5, 6]);
    await expect(
      federation.submitUpdates([await federation.update(federation.node(2))]),
    ).to.be.revertedWithCustomError(federation.contracts.coordinator, "NothingCounted");
    await federation.playRound();
    expect((await federation.round()).round).to.equal(3);
  });

  it("changes at the opening of a retry as well", async () => {
    const federation = await started();
    await federation.train(federation.nodes.slice(0, 2));
    await federation.leave(federation.node(1));
    await federation.passDeadline();
    await federation.advance();
    expect((await federation.round()).activeCount).to.equal(4);
    // Node 1 posted in the void retry: its seat there counts for nothing now.
    await expect(
      federation.submitUpdates([await federation.update(federation.node(1))]),
    ).to.be.revertedWithCustomError(federation.contracts.coordinator, "NothingCounted");
  });

  it("below minNodes ends the task with what was played", async () => {
    const federation = await started({ minNodes: 5 });
    await federation.playRound();
    await federation.leave(federation.node(3));
    await federation.playRound();
    await expectEnded(federation, TaskState.Aborted, EndReason.TooFewNodes, 2);
    expect((await federation.round()).aggregate).to.equal(digestOf("aggregate of 2"));
  });
});

describe("Reputation", () => {
  it("falls for rejected members, and by the terms for unavailable and silent ones", async () => {
    const expectations: [Partial<TaskTerms>, bigint][] = [
      [{}, 0b00010n],
      [{ penaliseUnavailable: true }, 0b01010n],
      [{ penaliseSilent: true }, 0b10010n],
      [{ penaliseUnavailable: true, penaliseSilent: true }, 0b11010n],
    ];
    for (const [terms, lowered] of expectations) {
      const federation = await started(terms);
      const { rewardLedger } = federation.contracts;
      await federation.train(federation.nodes.slice(0, 4));
      await federation.passDeadline();
      await federation.advance();
      await federation.aggregate({ accepted: [1, 3], rejected: [2] });
      await expect(federation.negotiate())
        .to.emit(rewardLedger, "RoundRecorded")
        .withArgs(federation.taskId, 1, [0b00101n], [lowered]);
    }
  });
});

describe("A task ends", () => {
  it("at its target score, after a quorate negotiation only", async () => {
    const federation = await started({ targetScore: 1000 });
    await federation.train();
    await federation.aggregate();
    await federation.negotiate(undefined, federation.nodes.slice(0, 2));
    await federation.passDeadline();
    await federation.advance();
    expect((await federation.round()).round).to.equal(2);
    await federation.playRound((node) => federation.rising().with(9, node.nodeId === 1 ? 999 : 1000));
    expect((await federation.round()).round).to.equal(3);
    const another = await started({ targetScore: 1000 });
    await another.playRound();
    await expectEnded(another, TaskState.Completed, EndReason.TargetScore, 1);
  });

  it("at its target error", async () => {
    const federation = await started({ scoreKind: ScoreKind.Error, targetScore: 100 });
    await federation.playRound();
    await expectEnded(federation, TaskState.Completed, EndReason.TargetScore, 1);
  });

  it("at its time limit, after the running round", async () => {
    const federation = await started();
    await federation.train();
    await federation.aggregate();
    await networkHelpers.time.increaseTo(federation.terms.timeLimit - 900);
    await federation.advance();
    await federation.train();
    await federation.aggregate();
    await networkHelpers.time.increaseTo(federation.terms.timeLimit);
    await federation.negotiate();
    await expectEnded(federation, TaskState.Completed, EndReason.TimeLimit, 2);
  });

  it("at its time limit, when a round is void after it", async () => {
    const federation = await started();
    await networkHelpers.time.increaseTo(federation.terms.timeLimit);
    await federation.advance();
    await expectEnded(federation, TaskState.Completed, EndReason.TimeLimit, 0);
  });

  it("after too many void rounds in a row", async () => {
    const federation = await started();
    await federation.playRound();
    for (let voids = 1; voids <= 3; voids++) {
      expect((await federation.round()).voidsInRow).to.equal(voids - 1);
      await federation.passDeadline();
      await federation.advance();
    }
    await expectEnded(federation, TaskState.Aborted, EndReason.VoidRounds, 1);
  });

  it("at hardEnd in one call whatever the phase, and no phase outlasts it", async () => {
    for (const stage of [0, 1, 2]) {
      const federation = await started();
      const hardEnd = Number((await federation.round()).hardEnd);
      if (stage > 0) await federation.train();
      if (stage === 2) await federation.aggregate();
      await networkHelpers.time.increaseTo(hardEnd);
      await federation.advance();
      await expectEnded(federation, TaskState.Completed, EndReason.HardEnd, 0);
    }
    const federation = await started();
    await federation.train();
    const { hardEnd } = await federation.round();
    await networkHelpers.time.setNextBlockTimestamp(hardEnd - 10n);
    await federation.advance();
    expect((await federation.round()).deadline).to.equal(hardEnd);
    await networkHelpers.time.setNextBlockTimestamp(hardEnd);
    await federation.advance();
    await expectEnded(federation, TaskState.Completed, EndReason.HardEnd, 0);
  });
});
