import { expect } from "chai";
import { AbiCoder, Wallet, ZeroAddress, concat } from "ethers";
import { network } from "hardhat";
import type { NodeRegistry } from "#chain/typechain/index";
import { deployFederation, fund, testNode } from "./federation.ts";
import type { Federation, TestNode } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const DAY = 86_400;
const Kind = { Admission: 0, Removal: 1 } as const;
const State = { Open: 1n, Passed: 2n, Rejected: 3n, Expired: 4n } as const;

async function fourFounders() {
  const federation = await deployFederation(connection, { nodes: 4, votingPeriod: DAY });
  const registry = federation.contracts.nodeRegistry;
  const applicant = testNode(connection, 5);
  await fund(connection, applicant.operator.address);
  return { federation, registry, applicant };
}

/** A founder as the constructor takes it. */
function founder(operator: string, signer: string, endpoints = "", encryptionKey = "0x") {
  return { operator, signer, encryptionKey, endpoints };
}

function apply(registry: NodeRegistry, { operator, signer }: TestNode) {
  return registry.connect(operator).applyForAdmission(signer.address, "0x0102", "http://127.0.0.1:9");
}

async function vote(federation: Federation, proposal: number, ballots: Record<number, boolean>) {
  for (const [nodeId, approve] of Object.entries(ballots)) {
    const { operator } = federation.node(Number(nodeId));
    await federation.contracts.nodeRegistry.connect(operator).vote(proposal, approve);
  }
}

describe("NodeRegistry", () => {
  describe("founding", () => {
    it("admits the founders in order, with ids from 1", async () => {
      const { federation, registry } = await networkHelpers.loadFixture(fourFounders);
      expect(await registry.memberCount()).to.equal(4);
      for (const { nodeId, operator, signer } of federation.nodes) {
        expect(await registry.nodeIdOf(operator)).to.equal(nodeId);
        expect(await registry.nodeOfSigner(signer)).to.equal(nodeId);
        expect(await registry.operatorOf(nodeId)).to.equal(operator.address);
        const info = await registry.node(nodeId);
        expect(info.signer).to.equal(signer.address);
        expect(info.isMember).to.equal(true);
        expect(info.endpoints).to.equal(`http://127.0.0.1:${10_000 + nodeId}`);
      }
    });

    it("refuses founders and periods that cannot work", async () => {
      const { registry } = await networkHelpers.loadFixture(fourFounders);
      const [a, b, c, d] = Array.from({ length: 4 }, () => Wallet.createRandom().address) as [
        string,
        string,
        string,
        string,
      ];
      const deploy = (founders: ReturnType<typeof founder>[], period = DAY) =>
        ethers.deployContract("NodeRegistry", [founders, period]);
      const cases = [
        [() => deploy([]), "NoFounders", []],
        [() => deploy([founder(a, b)], 0), "InvalidVotingPeriod", [0]],
        [() => deploy([founder(a, b)], 366 * DAY), "InvalidVotingPeriod", [366 * DAY]],
        [() => deploy([founder(ZeroAddress, b)]), "ZeroAddress", []],
        [() => deploy([founder(a, ZeroAddress)]), "ZeroAddress", []],
        [() => deploy([founder(a, b), founder(a, c)]), "OperatorTaken", [a]],
        [() => deploy([founder(a, b), founder(c, b)]), "SignerTaken", [b]],
        [() => deploy([founder(a, b, "x".repeat(513))]), "EndpointsTooLong", [513, 512]],
        [() => deploy([founder(c, d, "", `0x${"00".repeat(513)}`)]), "EncryptionKeyTooLong", [513, 512]],
      ] as const;
      for (const [deployment, error, args] of cases) {
        await expect(deployment())
          .to.be.revertedWithCustomError(registry, error)
          .withArgs(...args);
      }
    });

    it("takes a hundred founders in one transaction", async () => {
      const founders = Array.from({ length: 100 }, (_, i) =>
        founder(testNode(connection, i + 1).operator.address, testNode(connection, i + 1).signer.address),
      );
      const registry = await ethers.deployContract("NodeRegistry", [founders, DAY]);
      expect(await registry.getFunction("memberCount")()).to.equal(100);
    });
  });

  describe("admission", () => {
    it("needs more than half of those who were members when it was proposed", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const created = await apply(registry, applicant);
      const expiresAt = (await networkHelpers.time.latest()) + DAY;
      await expect(created)
        .to.emit(registry, "ProposalCreated")
        .withArgs(
          1,
          Kind.Admission,
          0,
          applicant.operator.address,
          applicant.signer.address,
          "0x0102",
          "http://127.0.0.1:9",
          4,
          4,
          expiresAt,
        );

      await vote(federation, 1, { 1: true, 2: true });
      expect(await registry.nodeIdOf(applicant.operator)).to.equal(0);
      const third = registry.connect(federation.node(3).operator).vote(1, true);
      await expect(third).to.emit(registry, "Voted").withArgs(1, 3, true, 3, 0);
      await expect(third).to.emit(registry, "ProposalClosed").withArgs(1, State.Passed);
      await expect(third)
        .to.emit(registry, "NodeAdmitted")
        .withArgs(5, applicant.operator.address, applicant.signer.address, "0x0102", "http://127.0.0.1:9");
      expect(await registry.memberCount()).to.equal(5);
      expect((await registry.proposal(1)).nodeId).to.equal(5);
      expect((await registry.node(5)).encryptionKey).to.equal("0x0102");
    });

    it("is rejected as soon as a majority is impossible", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      await apply(registry, applicant);
      await vote(federation, 1, { 1: true, 2: false });
      expect((await registry.proposal(1)).state).to.equal(State.Open);
      await vote(federation, 1, { 3: false });
      expect((await registry.proposal(1)).state).to.equal(State.Rejected);
      await expect(registry.connect(federation.node(4).operator).vote(1, true))
        .to.be.revertedWithCustomError(registry, "ProposalNotOpen")
        .withArgs(1, State.Rejected);
    });

    it("expires with the voting period, and may then be asked for again", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      await apply(registry, applicant);
      await expect(apply(registry, applicant))
        .to.be.revertedWithCustomError(registry, "ProposalPending")
        .withArgs(1);
      await networkHelpers.time.increase(DAY);
      expect((await registry.proposal(1)).state).to.equal(State.Expired);
      await expect(registry.connect(federation.node(1).operator).vote(1, true))
        .to.be.revertedWithCustomError(registry, "ProposalNotOpen")
        .withArgs(1, State.Expired);
      await apply(registry, applicant);
      expect((await registry.proposal(2)).state).to.equal(State.Open);
    });

    it("counts one vote of each member of its electorate, and none of others", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      await apply(registry, applicant);
      const stranger = testNode(connection, 77);
      await fund(connection, stranger.operator.address);
      await expect(registry.connect(stranger.operator).vote(1, true))
        .to.be.revertedWithCustomError(registry, "NotMember")
        .withArgs(stranger.operator.address);
      await vote(federation, 1, { 1: true });
      expect(await registry.hasVoted(1, 1)).to.equal(true);
      await expect(registry.connect(federation.node(1).operator).vote(1, false))
        .to.be.revertedWithCustomError(registry, "AlreadyVoted")
        .withArgs(1, 1);
      await expect(registry.connect(federation.node(1).operator).vote(9, true))
        .to.be.revertedWithCustomError(registry, "UnknownProposal")
        .withArgs(9);
    });

    it("lets nobody vote who came later, and keeps the denominator when members leave", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const other = testNode(connection, 6);
      await fund(connection, other.operator.address);
      await apply(registry, applicant);
      await apply(registry, other);
      await vote(federation, 1, { 1: true, 2: true, 3: true });
      await expect(registry.connect(applicant.operator).vote(2, true))
        .to.be.revertedWithCustomError(registry, "NotInElectorate")
        .withArgs(2, 5);

      await registry.connect(federation.node(4).operator).resign();
      await registry.connect(federation.node(3).operator).resign();
      await vote(federation, 2, { 1: true, 2: true });
      const { state, electorate, approvals } = await registry.proposal(2);
      expect({ state, electorate, approvals }).to.deep.equal({
        state: State.Open,
        electorate: 4n,
        approvals: 2n,
      });
    });

    it("refuses an operator that is a member and a signer that belongs to someone", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const { operator, signer } = federation.node(1);
      await expect(registry.connect(operator).applyForAdmission(applicant.signer.address, "0x", ""))
        .to.be.revertedWithCustomError(registry, "OperatorTaken")
        .withArgs(operator.address);
      await expect(registry.connect(applicant.operator).applyForAdmission(signer.address, "0x", ""))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(signer.address);
      await expect(
        registry.connect(applicant.operator).applyForAdmission(ZeroAddress, "0x", ""),
      ).to.be.revertedWithCustomError(registry, "ZeroAddress");
    });

    it("fails at the last vote when another node took the signer meanwhile", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      await apply(registry, applicant);
      await registry.connect(federation.node(4).operator).setSigner(applicant.signer.address);
      await vote(federation, 1, { 1: true, 2: true });
      await expect(registry.connect(federation.node(3).operator).vote(1, true))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(applicant.signer.address);
    });
  });

  describe("leaving", () => {
    it("removes a member by majority and appends it to the list that tasks follow", async () => {
      const { federation, registry } = await networkHelpers.loadFixture(fourFounders);
      await registry.connect(federation.node(1).operator).proposeRemoval(4);
      expect((await registry.proposal(1)).approvals).to.equal(0);
      await vote(federation, 1, { 1: true, 2: true });
      expect(await registry.isMember(4)).to.equal(true);
      await expect(registry.connect(federation.node(3).operator).vote(1, true))
        .to.emit(registry, "NodeRemoved")
        .withArgs(4, 0);
      expect(await registry.isMember(4)).to.equal(false);
      expect(await registry.memberCount()).to.equal(3);
      expect(await registry.nodeIdOf(federation.node(4).operator)).to.equal(0);
      expect(await registry.removalCount()).to.equal(1);
      expect(await registry.removedNode(0)).to.equal(4);
    });

    it("lets only members propose it, for members, one at a time", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const first = registry.connect(federation.node(1).operator);
      await expect(registry.connect(applicant.operator).proposeRemoval(1))
        .to.be.revertedWithCustomError(registry, "NotMember")
        .withArgs(applicant.operator.address);
      await expect(first.proposeRemoval(5))
        .to.be.revertedWithCustomError(registry, "UnknownNode")
        .withArgs(5);
      await first.proposeRemoval(4);
      await expect(registry.connect(federation.node(2).operator).proposeRemoval(4))
        .to.be.revertedWithCustomError(registry, "ProposalPending")
        .withArgs(1);
    });

    it("needs no vote of others: a member may resign, which makes a vote on it pointless", async () => {
      const { federation, registry } = await networkHelpers.loadFixture(fourFounders);
      await registry.connect(federation.node(1).operator).proposeRemoval(4);
      await expect(registry.connect(federation.node(4).operator).resign())
        .to.emit(registry, "NodeRemoved")
        .withArgs(4, 0);
      await expect(registry.connect(federation.node(1).operator).vote(1, true))
        .to.be.revertedWithCustomError(registry, "ProposalNotOpen")
        .withArgs(1, State.Expired);
      await expect(registry.connect(federation.node(4).operator).resign()).to.be.revertedWithCustomError(
        registry,
        "NotMember",
      );
    });

    it("lets an operator come back as a new node with a new signer", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const { operator, signer } = federation.node(4);
      await registry.connect(operator).resign();
      await expect(registry.connect(operator).applyForAdmission(signer.address, "0x", ""))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(signer.address);
      await registry.connect(operator).applyForAdmission(applicant.signer.address, "0x", "");
      await vote(federation, 1, { 1: true, 2: true });
      expect(await registry.nodeIdOf(operator)).to.equal(5);
      expect(await registry.operatorOf(4)).to.equal(operator.address);
    });
  });

  describe("keys and endpoints", () => {
    it("applies a new signer from the next second on and keeps the old one attributable", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const { operator, signer } = federation.node(1);
      const at = (await networkHelpers.time.latest()) + 100;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(registry.connect(operator).setSigner(applicant.signer.address))
        .to.emit(registry, "SignerChanged")
        .withArgs(1, signer.address, applicant.signer.address, at + 1);
      expect(await registry.signerAt(1, at)).to.equal(signer.address);
      expect(await registry.signerAt(1, at + 1)).to.equal(applicant.signer.address);
      expect(await registry.signerAt(1, at + 10_000)).to.equal(applicant.signer.address);
      expect(await registry.nodeOfSigner(signer)).to.equal(1);
      expect(await registry.nodeOfSigner(applicant.signer)).to.equal(1);
      expect((await registry.node(1)).signer).to.equal(applicant.signer.address);

      await registry.connect(operator).setSigner(signer.address);
      const back = await networkHelpers.time.latest();
      expect(await registry.signerAt(1, back)).to.equal(applicant.signer.address);
      expect(await registry.signerAt(1, back + 1)).to.equal(signer.address);
    });

    it("knows no signer before a node's admission", async () => {
      const { registry } = await networkHelpers.loadFixture(fourFounders);
      const { admittedAt } = await registry.node(1);
      expect(await registry.signerAt(1, admittedAt - 1n)).to.equal(ZeroAddress);
      expect(await registry.signerAt(99, admittedAt)).to.equal(ZeroAddress);
    });

    it("refuses a signer of another node, and the zero account", async () => {
      const { federation, registry } = await networkHelpers.loadFixture(fourFounders);
      const first = registry.connect(federation.node(1).operator);
      await expect(first.setSigner(federation.node(2).signer.address))
        .to.be.revertedWithCustomError(registry, "SignerTaken")
        .withArgs(federation.node(2).signer.address);
      await expect(first.setSigner(ZeroAddress)).to.be.revertedWithCustomError(registry, "ZeroAddress");
    });

    it("lets members, and nobody else, change endpoints and encryption key within bounds", async () => {
      const { federation, registry, applicant } = await networkHelpers.loadFixture(fourFounders);
      const first = registry.connect(federation.node(1).operator);
      await expect(first.setEndpoints("http://127.0.0.1:8"))
        .to.emit(registry, "EndpointsChanged")
        .withArgs(1, "http://127.0.0.1:8");
      await expect(first.setEncryptionKey("0xabcd"))
        .to.emit(registry, "EncryptionKeyChanged")
        .withArgs(1, "0xabcd");
      const { endpoints, encryptionKey } = await registry.node(1);
      expect([endpoints, encryptionKey]).to.deep.equal(["http://127.0.0.1:8", "0xabcd"]);

      await expect(first.setEndpoints("x".repeat(513)))
        .to.be.revertedWithCustomError(registry, "EndpointsTooLong")
        .withArgs(513, 512);
      for (const [unprintable, index] of [
        ["http://a\n", 8],
        ["é", 0],
        ["x\u007f", 1],
      ] as const) {
        await expect(first.setEndpoints(unprintable))
          .to.be.revertedWithCustomError(registry, "EndpointsNotPrintable")
          .withArgs(index);
      }
      // No UTF-8 at all, which would stop whoever decodes it as a string.
      const selector = registry.interface.getFunction("setEndpoints").selector;
      const invalid = concat([selector, AbiCoder.defaultAbiCoder().encode(["bytes"], ["0xff"])]);
      await expect(federation.node(1).operator.sendTransaction({ to: registry, data: invalid }))
        .to.be.revertedWithCustomError(registry, "EndpointsNotPrintable")
        .withArgs(0);
      await expect(first.setEncryptionKey(`0x${"00".repeat(513)}`))
        .to.be.revertedWithCustomError(registry, "EncryptionKeyTooLong")
        .withArgs(513, 512);
      const outsider = registry.connect(applicant.operator);
      for (const attempt of [
        () => outsider.setEndpoints(""),
        () => outsider.setEncryptionKey("0x"),
        () => outsider.setSigner(applicant.signer.address),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(registry, "NotMember");
      }
    });

    it("names what it does not know", async () => {
      const { registry } = await networkHelpers.loadFixture(fourFounders);
      await expect(registry.node(9)).to.be.revertedWithCustomError(registry, "UnknownNode").withArgs(9);
      await expect(registry.proposal(1))
        .to.be.revertedWithCustomError(registry, "UnknownProposal")
        .withArgs(1);
    });
  });
});
