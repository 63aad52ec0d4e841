import { expect } from "chai";
import { network } from "hardhat";
import { toBitmap } from "#protocol/rules/bitmap";
import { Phase } from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import { deployFederation, wideNetwork } from "../contracts/federation.ts";

const connection = await network.create();
const { ethers } = connection;

describe("A round", () => {
  it("cannot be entered again by the reward ledger that it reports to", async () => {
    const federation = await deployFederation(connection, { nodes: 3 });
    const { coordinator } = federation.contracts;
    const ledger = await ethers.deployContract("ReentrantLedger");
    await federation.publish();
    await federation.join(...federation.nodes);
    const other = federation.taskId;
    await federation.startTask({ rewardLedger: (await ledger.getAddress()) as Address, rounds: 5 });
    const { taskId } = federation;
    const calls = [
      coordinator.interface.encodeFunctionData("advance", [taskId]),
      coordinator.interface.encodeFunctionData("start", [other]),
      coordinator.interface.encodeFunctionData("submitUpdates", [taskId, 1, 0, []]),
      coordinator.interface.encodeFunctionData("submitReports", [taskId, 1, 0, ethers.ZeroHash, []]),
    ];
    for (const [i, call] of calls.entries()) {
      await ledger.getFunction("attack")(coordinator, call);
      await federation.playRound();
      expect(await ledger.getFunction("entered")()).to.equal(false);
      const answer: unknown = await ledger.getFunction("answer")();
      expect(answer).to.equal(ethers.id("ReentrancyGuardReentrantCall()").slice(0, 10));
      expect((await federation.round()).round).to.equal(i + 2);
    }
  });

  it("takes attestations of a contract that signs, and is not held up by one that misbehaves", async () => {
    const federation = await deployFederation(connection, { nodes: 5 });
    const { coordinator, nodeRegistry } = federation.contracts;
    const wallets = [];
    for (const { operator, signer } of federation.nodes) {
      const wallet = await ethers.deployContract("ContractSigner", [signer.address]);
      await nodeRegistry.connect(operator).setSigner(wallet);
      wallets.push(wallet);
    }
    await federation.startTask();
    await federation.playRound();
    expect((await federation.round()).round).to.equal(2);

    await federation.train();
    await federation.awaitSeed();
    const [, , third] = (await federation.committee()).nodes;
    if (third === undefined) throw new Error("The committee is too small");
    for (const mood of [1, 2, 3]) {
      await wallets[third.nodeId - 1]?.getFunction("setMood")(mood);
      await expect(federation.aggregate())
        .to.be.revertedWithCustomError(coordinator, "BadAttestation")
        .withArgs(2, third.nodeId);
    }
    await federation.aggregate({ ranks: [0, 1, 3] });
    expect((await federation.round()).phase).to.equal(Phase.Negotiation);
  });

  it("keeps apart what members past the 256th did, also in the round in which they came", async () => {
    const wide = await network.create(wideNetwork);
    const federation = await deployFederation(wide, { nodes: 258 });
    const { coordinator, rewardLedger } = federation.contracts;
    const first = federation.nodes.slice(0, 256);
    const everyone = Array.from({ length: 258 }, (_, i) => i + 1);
    await federation.startTask({}, first);
    await federation.join(...federation.nodes.slice(256));
    await federation.playRound(undefined, { accepted: everyone.slice(1, 256), rejected: [1] });

    expect((await federation.round()).activeCount).to.equal(258);
    expect(await coordinator.postedBitmap(federation.taskId)).to.deep.equal([0n, 0n]);
    await federation.train(federation.nodes.slice(200));
    expect(await federation.posted()).to.deep.equal(everyone.slice(200));
    await federation.train(federation.nodes.slice(0, 200));
    await federation.aggregate({ accepted: everyone.slice(0, 257), rejected: [258] });
    await federation.negotiate();

    const words = (members: number[]) => [...toBitmap(members, 258)];
    const recorded = async (round: number) => rewardLedger.roundBitmaps(federation.taskId, round);
    expect(await recorded(1)).to.deep.equal([words(everyone.slice(1, 256)), [1n, 0n]]);
    expect(await recorded(2)).to.deep.equal([words(everyone.slice(0, 257)), [0n, 2n]]);
    expect((await rewardLedger.accountOf(federation.taskId, 257)).earned).to.equal(50);
    expect((await rewardLedger.accountOf(federation.taskId, 258)).earned).to.equal(0);
    // 5 at the first of two accepted rounds, 6 at the second, each times 10.
    expect((await rewardLedger.accountOf(federation.taskId, 256)).earned).to.equal(110);
  });
});
