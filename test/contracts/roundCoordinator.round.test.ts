import { expect } from "chai";
import { network } from "hardhat";
import { EndReason, Phase, TaskState } from "#protocol/contracts/enums";
import { deployFederation, digestOf } from "./federation.ts";

const connection = await network.create();
const { networkHelpers } = connection;

async function running() {
  const federation = await deployFederation(connection, { nodes: 5 });
  await federation.startTask();
  return federation;
}

describe("A round of five nodes", () => {
  it("trains, aggregates, negotiates and opens the next round", async () => {
    const federation = await networkHelpers.loadFixture(running);
    const { coordinator, rewardLedger } = federation.contracts;
    expect((await federation.round()).phase).to.equal(Phase.Training);

    await federation.train();
    expect((await federation.round()).phase).to.equal(Phase.Aggregation);

    await federation.aggregate();
    expect((await federation.round()).phase).to.equal(Phase.Negotiation);

    const last = await federation.negotiate();
    const sums = federation.rising().map((score) => 5 * score);
    const squares = federation.rising().map((score) => 5 * score ** 2);
    await expect(last)
      .to.emit(coordinator, "RoundFinalised")
      .withArgs(
        federation.taskId,
        1,
        0,
        digestOf("initial model"),
        digestOf("aggregate of 1"),
        1,
        10_000,
        10,
        5,
        sums,
        squares,
      );
    await expect(last)
      .to.emit(rewardLedger, "RoundRecorded")
      .withArgs(federation.taskId, 1, [0b11111n], [0n]);
    const next = await federation.round();
    expect(next.phase).to.equal(Phase.Training);
    expect(next.round).to.equal(2);
    expect(next.base).to.equal(digestOf("aggregate of 1"));
  });

  it("ends the task after its last round", async () => {
    const federation = await networkHelpers.loadFixture(running);
    for (let t = 1; t <= 3; t++) await federation.playRound();
    const { state, endReason, roundsPlayed } = await federation.status();
    expect(state).to.equal(TaskState.Completed);
    expect(endReason).to.equal(EndReason.RoundsDone);
    expect(roundsPlayed).to.equal(3);
    expect((await federation.round()).phase).to.equal(Phase.Ended);
  });
});
