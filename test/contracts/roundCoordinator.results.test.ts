import { expect } from "chai";
import { network } from "hardhat";
import { Phase, SkipReason } from "#protocol/contracts/enums";
import {
  hashAccuracyReport,
  hashAggregateAttestation,
  hashLocalUpdate,
} from "#protocol/messages/signedResults";
import { deployFederation, digestOf } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

async function training() {
  const federation = await deployFederation(connection, { nodes: 5 });
  await federation.startTask();
  const [a, b, c, d, e] = federation.nodes;
  if (!a || !b || !c || !d || !e) throw new Error("Too few nodes");
  return { federation, coordinator: federation.contracts.coordinator, a, b, c, d, e };
}

async function negotiating() {
  const all = await training();
  await all.federation.train();
  await all.federation.aggregate();
  return all;
}

describe("Signed results", () => {
  it("count when any relayer carries them, in a batch, with all their fields in the event", async () => {
    const { federation, coordinator, a, b, c } = await networkHelpers.loadFixture(training);
    const relayer = (await ethers.getSigners())[7];
    if (relayer === undefined) throw new Error("No relayer");
    const updates = await Promise.all([a, b, c].map((node) => federation.update(node)));
    const sent = coordinator.connect(relayer).submitUpdates(federation.taskId, 1, 0, updates);
    for (const [i, update] of updates.entries()) {
      await expect(sent)
        .to.emit(coordinator, "UpdateAccepted")
        .withArgs(federation.taskId, 1, i + 1, 0, i + 1, update.digest, 100, update.signature);
    }
    expect((await federation.round()).postedCount).to.equal(3);
    expect(await federation.posted()).to.deep.equal([1, 2, 3]);
    expect(await coordinator.hasPosted(federation.taskId, 3)).to.equal(true);
    expect(await coordinator.hasPosted(federation.taskId, 4)).to.equal(false);
    expect(await coordinator.hasPosted(federation.taskId, 0)).to.equal(false);
    expect(await coordinator.hasPosted(federation.taskId, 5000)).to.equal(false);
  });

  it("are skipped with the reason while the good ones beside them count", async () => {
    const { federation, coordinator, a, b, c, d, e } = await networkHelpers.loadFixture(training);
    const stranger = await federation.admit();
    const batch = [
      await federation.update(a),
      await federation.update(a, { digest: digestOf("a second update of the same node") }),
      await federation.update(b, { signer: c.signer }),
      await federation.update(c, { samples: 0 }),
      await federation.update(d, { samples: 1001 }),
      await federation.update(e, { digest: ethers.ZeroHash }),
      await federation.update(stranger),
      await federation.update(e, { base: digestOf("another base") }),
      { ...(await federation.update(e)), signature: "0x1234" },
    ];
    const sent = federation.submitUpdates(batch);
    const expected: [number, number][] = [
      [1, SkipReason.Duplicate],
      [2, SkipReason.BadSignature],
      [3, SkipReason.BadSamples],
      [4, SkipReason.BadSamples],
      [5, SkipReason.ZeroDigest],
      [stranger.nodeId, SkipReason.NotActive],
      [5, SkipReason.BadSignature],
    ];
    for (const [nodeId, reason] of expected) {
      await expect(sent).to.emit(coordinator, "ResultSkipped").withArgs(federation.taskId, 1, nodeId, reason);
    }
    expect(await federation.posted()).to.deep.equal([1]);
  });

  it("revert the call where none counts, an equivocating second update too", async () => {
    const { federation, coordinator, a } = await networkHelpers.loadFixture(training);
    await federation.submitUpdates([await federation.update(a)]);
    const second = await federation.update(a, { digest: digestOf("another update") });
    await expect(federation.submitUpdates([second]))
      .to.be.revertedWithCustomError(coordinator, "NothingCounted")
      .withArgs(federation.taskId);
    await expect(federation.submitUpdates([])).to.be.revertedWithCustomError(coordinator, "NothingCounted");
  });

  it("come in batches of at most 256", async () => {
    const { federation, coordinator, a } = await networkHelpers.loadFixture(training);
    const update = await federation.update(a);
    await expect(federation.submitUpdates(Array.from({ length: 257 }, () => update)))
      .to.be.revertedWithCustomError(coordinator, "BatchTooLarge")
      .withArgs(257, 256);
  });

  it("name the round, the retry and the phase", async () => {
    const { federation, coordinator, a } = await networkHelpers.loadFixture(training);
    const { taskId } = federation;
    const update = await federation.update(a);
    await expect(coordinator.submitUpdates(taskId, 2, 0, [update]))
      .to.be.revertedWithCustomError(coordinator, "WrongRound")
      .withArgs(taskId, 1, 0);
    await expect(coordinator.submitUpdates(taskId, 1, 1, [update]))
      .to.be.revertedWithCustomError(coordinator, "WrongRound")
      .withArgs(taskId, 1, 0);
    const report = await federation.report(a, federation.rising());
    await expect(coordinator.submitReports(taskId, 1, 0, digestOf("none"), [report]))
      .to.be.revertedWithCustomError(coordinator, "WrongPhase")
      .withArgs(taskId, Phase.Training);
    await expect(coordinator.submitUpdates(taskId + 1n, 1, 0, [update]))
      .to.be.revertedWithCustomError(coordinator, "NotRunning")
      .withArgs(taskId + 1n);
  });

  it("need a timestamp before the deadline", async () => {
    const { federation, coordinator, a, b } = await networkHelpers.loadFixture(training);
    const { deadline } = await federation.round();
    const [early, late] = [await federation.update(a), await federation.update(b)];
    await networkHelpers.time.setNextBlockTimestamp(deadline - 1n);
    await federation.submitUpdates([early]);
    await networkHelpers.time.setNextBlockTimestamp(deadline);
    await expect(federation.submitUpdates([late]))
      .to.be.revertedWithCustomError(coordinator, "PhaseOver")
      .withArgs(federation.taskId, deadline);
  });

  it("of negotiations are refused above maxScore, beyond R lanes, twice, or for another aggregate", async () => {
    const { federation, coordinator, a, b, c, d } = await networkHelpers.loadFixture(negotiating);
    const good = federation.rising();
    const tooHigh = good.with(9, 10_001);
    const extraLane = (await federation.report(b, good)).scores as bigint;
    const sent = federation.submitReports([
      await federation.report(a, good),
      await federation.report(b, tooHigh),
      await federation.report(c, extraLane | (1n << 160n)),
      await federation.report(d, good, { aggregate: digestOf("another aggregate") }),
      await federation.report(a, tooHigh.with(9, 0)),
    ]);
    const expected: [number, number][] = [
      [2, SkipReason.BadScores],
      [3, SkipReason.BadScores],
      [4, SkipReason.BadSignature],
      [1, SkipReason.Duplicate],
    ];
    for (const [nodeId, reason] of expected) {
      await expect(sent).to.emit(coordinator, "ResultSkipped").withArgs(federation.taskId, 1, nodeId, reason);
    }
    const { reportedCount, aggregate } = await federation.round();
    expect(reportedCount).to.equal(1);
    expect(await coordinator.hasReported(federation.taskId, 1)).to.equal(true);
    expect(await coordinator.hasReported(federation.taskId, 2)).to.equal(false);
    const [sums, squares] = await coordinator.sumsOf(federation.taskId);
    expect(sums).to.deep.equal(good.map(BigInt));
    expect(squares).to.deep.equal(good.map((score) => BigInt(score) ** 2n));
    const other = digestOf("another aggregate");
    await expect(coordinator.submitReports(federation.taskId, 1, 0, other, []))
      .to.be.revertedWithCustomError(coordinator, "WrongAggregate")
      .withArgs(federation.taskId, aggregate, other);
  });

  it("count from a node that posted no update as well", async () => {
    const { federation, coordinator, a, b, c, d, e } = await networkHelpers.loadFixture(training);
    await federation.train([a, b, c, d]);
    await federation.passDeadline();
    await federation.advance();
    await federation.aggregate();
    await expect(federation.submitReports([await federation.report(e, federation.rising())]))
      .to.emit(coordinator, "ReportAccepted")
      .withArgs(
        federation.taskId,
        1,
        5,
        0,
        5,
        (await federation.report(e, federation.rising())).scores,
        (s: string) => s.length === 132,
      );
  });

  it("count from a contract that signs, from the round after it became the signer", async () => {
    const { federation, coordinator, a, b } = await networkHelpers.loadFixture(training);
    const wallet = await ethers.deployContract("ContractSigner", [b.signer.address]);
    await federation.contracts.nodeRegistry.connect(a.operator).setSigner(wallet);
    // In the running round the old key still signs.
    const fromNewKey = await federation.update(a, { signer: b.signer });
    await expect(federation.submitUpdates([fromNewKey])).to.be.revertedWithCustomError(
      coordinator,
      "NothingCounted",
    );
    await federation.playRound();

    await expect(federation.submitUpdates([await federation.update(a)])).to.be.revertedWithCustomError(
      coordinator,
      "NothingCounted",
    );
    const signed = await federation.update(a, { signer: b.signer });
    await expect(federation.submitUpdates([signed]))
      .to.emit(coordinator, "UpdateAccepted")
      .withArgs(federation.taskId, 2, 1, 0, 1, signed.digest, 100, signed.signature);
  });

  it("hash the way the TypeScript types say", async () => {
    const { federation, coordinator } = await networkHelpers.loadFixture(training);
    const { taskId, domain } = federation;
    const base = digestOf("base");
    const shared = { taskId, round: 3n, retry: 2n, base };
    const update = { ...shared, node: 4n, digest: digestOf("update"), samples: 77n };
    expect(await coordinator.hashLocalUpdate(taskId, 3, 2, base, 4, update.digest, 77)).to.equal(
      hashLocalUpdate(domain, update),
    );
    const report = { ...shared, node: 4n, aggregate: digestOf("aggregate"), scores: 12n << 16n };
    expect(
      await coordinator.hashAccuracyReport(taskId, 3, 2, base, 4, report.aggregate, report.scores),
    ).to.equal(hashAccuracyReport(domain, report));
    const attestation = {
      ...shared,
      attempt: 1n,
      digest: digestOf("aggregate"),
      accepted: [5n, 1n],
      rejected: [2n, 0n],
    };
    expect(
      await coordinator.hashAggregateAttestation(
        taskId,
        3,
        2,
        1,
        base,
        attestation.digest,
        [5n, 1n],
        [2n, 0n],
      ),
    ).to.equal(hashAggregateAttestation(domain, attestation));
  });
});
