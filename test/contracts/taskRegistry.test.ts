import { expect } from "chai";
import type { BaseContract } from "ethers";
import { Signature, ZeroHash } from "ethers";
import { network } from "hardhat";
import { EndReason, TaskState } from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import { escrowOf } from "#protocol/rules/rewardSchedule";
import { termsToAbi } from "#protocol/terms/taskTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type { DevelopmentToken, NoReturnToken, ReentrantToken } from "#chain/typechain/index";
import { deployFederation } from "./federation.ts";
import type { Federation } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const [publisher, coordinator, ledger, stranger] = await ethers.getSigners();
if (!publisher || !coordinator || !ledger || !stranger) throw new Error("The network has too few accounts");
const DAY = 86_400;
const NO_PERMIT = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };
const Member = { None: 0n, Active: 1n, Joining: 2n, Leaving: 3n, Left: 4n } as const;

/** An account stands for the coordinator and another for the ledger, so that the registry is seen alone. */
const roles = { coordinator: coordinator.address as Address, rewardLedger: ledger.address as Address };

async function federationOf(nodes: number): Promise<Federation> {
  return deployFederation(connection, { nodes });
}
const five = () => federationOf(5);
const forty = () => federationOf(40);

/** Publishes, joins the first `joined` nodes, and starts. */
async function running(federation: Federation, joined: number, terms: Partial<TaskTerms> = {}) {
  await federation.publish({ ...roles, ...terms });
  await federation.join(...federation.nodes.slice(0, joined));
  await federation.contracts.taskRegistry.connect(coordinator).start(federation.taskId);
}

const memberOf = (federation: Federation, nodeId: number) =>
  federation.contracts.taskRegistry.member(federation.taskId, nodeId);
const open = (federation: Federation) =>
  federation.contracts.taskRegistry.connect(coordinator).applyChanges(federation.taskId);
const activeIds = async (federation: Federation) =>
  (await federation.contracts.taskRegistry.activeMembers(federation.taskId)).map(Number);
const addressOf = async (contract: BaseContract) => (await contract.getAddress()) as Address;

/** The publisher's permit for the registry to take `value`. */
const signPermit = async (federation: Federation, value: bigint) => {
  const { taskRegistry, token } = federation.contracts;
  const deadline = (await federation.now()) + DAY;
  const { chainId } = await ethers.provider.getNetwork();
  const signature = await publisher.signTypedData(
    { name: await token.name(), version: "1", chainId, verifyingContract: await addressOf(token) },
    {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    { owner: publisher.address, spender: await addressOf(taskRegistry), value, nonce: 0, deadline },
  );
  const { v, r, s } = Signature.from(signature);
  return { deadline, v, r, s };
};

describe("TaskRegistry", () => {
  describe("publishing", () => {
    it("takes the escrow of the worst case and announces terms and hard end", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      const published = federation.publishTransaction(roles);
      const transaction = await published;
      const { terms } = federation;
      const escrow = escrowOf(terms);
      const hardEnd = terms.timeLimit + 3600 + 3 * 1200 + 1800;
      await expect(transaction).to.emit(taskRegistry, "TaskPublished");
      expect(await token.balanceOf(taskRegistry)).to.equal(escrow);
      expect(await token.balanceOf(publisher)).to.equal(0);
      const status = await federation.status();
      expect(status.publisher).to.equal(publisher.address);
      expect(status.state).to.equal(TaskState.Open);
      expect(status.escrow).to.equal(escrow);
      expect(status.hardEnd).to.equal(hardEnd);
      expect(await taskRegistry.taskCount()).to.equal(1);
    });

    it("refuses a reward token that keeps a fee", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      const token = (await ethers.deployContract("FeeToken")) as unknown as DevelopmentToken;
      const terms = { ...(await federation.defaultTerms()), rewardToken: await addressOf(token) };
      const escrow = escrowOf(terms);
      await token.mint(publisher, escrow);
      await token.approve(taskRegistry, escrow);
      await expect(taskRegistry.publish(termsToAbi(terms), NO_PERMIT))
        .to.be.revertedWithCustomError(taskRegistry, "EscrowShort")
        .withArgs(escrow - escrow / 100n, escrow);
    });

    it("works with a token whose transfers return nothing", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      const token = (await ethers.deployContract("NoReturnToken")) as unknown as NoReturnToken;
      const terms = { ...(await federation.defaultTerms()), ...roles, rewardToken: await addressOf(token) };
      const escrow = escrowOf(terms);
      await token.mint(publisher, escrow);
      await token.approve(taskRegistry, escrow);
      const signed = { deadline: 2n ** 40n, v: 27, r: ZeroHash, s: ZeroHash };
      await taskRegistry.publish(termsToAbi(terms), signed);
      expect(await token.balanceOf(taskRegistry)).to.equal(escrow);
      await taskRegistry.connect(ledger).release(1, stranger, 9);
      expect(await token.balanceOf(stranger)).to.equal(9);
      await taskRegistry.cancel(1);
      expect(await token.balanceOf(publisher)).to.equal(escrow - 9n);
    });

    it("uses a permit in place of an allowance, and does without one that was used up", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      const terms = await federation.defaultTerms();
      const value = escrowOf(terms);
      await token.mint(publisher, 2n * value);
      const permit = await signPermit(federation, value);

      const { deadline, v, r, s } = permit;
      await token.connect(stranger).permit(publisher, taskRegistry, value, deadline, v, r, s);
      await taskRegistry.publish(termsToAbi(terms), permit);
      expect(await token.balanceOf(taskRegistry)).to.equal(value);
      await expect(taskRegistry.publish(termsToAbi(terms), permit))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(await addressOf(taskRegistry), 0, value);
    });

    it("lets a permit alone pay", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      const terms = await federation.defaultTerms();
      const value = escrowOf(terms);
      await token.mint(publisher, value);
      await taskRegistry.publish(termsToAbi(terms), await signPermit(federation, value));
      expect(await token.balanceOf(taskRegistry)).to.equal(value);
    });

    it("cannot be entered again from a token's transfer", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      const token = (await ethers.deployContract("ReentrantToken")) as unknown as ReentrantToken;
      const terms = {
        ...(await federation.defaultTerms()),
        ...roles,
        rewardToken: await addressOf(token),
        rewardLedger: await addressOf(token),
      };
      const escrow = escrowOf(terms);
      await token.mint(token, escrow);
      await token.act(
        token,
        token.interface.encodeFunctionData("approve", [await addressOf(taskRegistry), escrow]),
      );
      const publish = taskRegistry.interface.encodeFunctionData("publish", [termsToAbi(terms), NO_PERMIT]);
      await token.act(taskRegistry, publish);
      for (const attack of [
        taskRegistry.interface.encodeFunctionData("cancel", [1]),
        taskRegistry.interface.encodeFunctionData("release", [1, await addressOf(token), escrow - 5n]),
        publish,
      ]) {
        await token.attack(taskRegistry, attack);
        await token.act(
          taskRegistry,
          taskRegistry.interface.encodeFunctionData("release", [1, stranger.address, 1]),
        );
        expect(await token.entered()).to.equal(false);
        expect(await token.answer()).to.equal(ethers.id("ReentrancyGuardReentrantCall()").slice(0, 10));
      }
      expect(await token.balanceOf(stranger)).to.equal(3);
      expect((await taskRegistry.status(1)).escrow).to.equal(escrow - 3n);
    });
  });

  describe("cancelling", () => {
    it("gives the publisher the escrow back at any time before the start", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      await federation.publish(roles);
      const escrow = escrowOf(federation.terms);
      await expect(taskRegistry.connect(stranger).cancel(1))
        .to.be.revertedWithCustomError(taskRegistry, "NotExpired")
        .withArgs(1, federation.terms.timeLimit);
      await expect(taskRegistry.cancel(1)).to.emit(taskRegistry, "TaskCancelled").withArgs(1, escrow);
      expect(await token.balanceOf(publisher)).to.equal(escrow);
      expect((await federation.status()).state).to.equal(TaskState.Cancelled);
      await expect(taskRegistry.cancel(1))
        .to.be.revertedWithCustomError(taskRegistry, "WrongState")
        .withArgs(1, TaskState.Cancelled);
      await expect(federation.join(federation.node(1))).to.be.revertedWithCustomError(
        taskRegistry,
        "WrongState",
      );
    });

    it("is open to anyone once the time limit has passed, for the publisher's benefit", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      await federation.publish(roles);
      await federation.join(federation.node(1));
      await networkHelpers.time.setNextBlockTimestamp(federation.terms.timeLimit);
      await taskRegistry.connect(stranger).cancel(1);
      expect(await token.balanceOf(publisher)).to.equal(escrowOf(federation.terms));
    });

    it("is over once the task runs", async () => {
      const federation = await networkHelpers.loadFixture(five);
      await running(federation, 2);
      const { taskRegistry } = federation.contracts;
      await expect(taskRegistry.cancel(1))
        .to.be.revertedWithCustomError(taskRegistry, "WrongState")
        .withArgs(1, TaskState.Running);
    });
  });

  describe("starting", () => {
    it("waits for its time and for enough nodes, and obeys the coordinator only", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      const startTime = (await federation.now()) + DAY;
      await federation.publish({ ...roles, startTime, minNodes: 2 });
      await federation.join(federation.node(1));
      const start = () => taskRegistry.connect(coordinator).start(1);
      await expect(taskRegistry.start(1))
        .to.be.revertedWithCustomError(taskRegistry, "NotCoordinator")
        .withArgs(1, publisher.address);
      await expect(start()).to.be.revertedWithCustomError(taskRegistry, "TooEarly").withArgs(1, startTime);
      await networkHelpers.time.increaseTo(startTime);
      await expect(start()).to.be.revertedWithCustomError(taskRegistry, "TooFewNodes").withArgs(1, 1, 2);
      await federation.join(federation.node(2));
      await expect(start()).to.emit(taskRegistry, "TaskStarted").withArgs(1, 2);
      await expect(start())
        .to.be.revertedWithCustomError(taskRegistry, "WrongState")
        .withArgs(1, TaskState.Running);
    });

    it("is too late from the time limit on, and so is joining", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await federation.publish(roles);
      await federation.join(federation.node(1));
      const { timeLimit } = federation.terms;
      await networkHelpers.time.increaseTo(timeLimit);
      await expect(taskRegistry.connect(coordinator).start(1))
        .to.be.revertedWithCustomError(taskRegistry, "TooLate")
        .withArgs(1, timeLimit);
      await expect(federation.join(federation.node(2)))
        .to.be.revertedWithCustomError(taskRegistry, "TooLate")
        .withArgs(1, timeLimit);
    });

    it("counts only nodes that the registry still knows", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, nodeRegistry } = federation.contracts;
      await federation.publish({ ...roles, minNodes: 2 });
      await federation.join(federation.node(1), federation.node(2));
      await nodeRegistry.connect(federation.node(2).operator).resign();
      await expect(taskRegistry.connect(coordinator).start(1))
        .to.be.revertedWithCustomError(taskRegistry, "TooFewNodes")
        .withArgs(1, 1, 2);
    });
  });

  describe("the roster before the start", () => {
    it("gives member ids in order of joining and positions without gaps", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await federation.publish(roles);
      await federation.join(federation.node(3), federation.node(1), federation.node(5));
      expect(await activeIds(federation)).to.deep.equal([1, 2, 3]);
      expect(await taskRegistry.activeMemberId(1, 1)).to.equal(2);
      expect(await taskRegistry.activeMemberId(1, 2)).to.equal(0);
      expect(await taskRegistry.nodeIdOfMember(1, 3)).to.equal(5);
      expect(await taskRegistry.nodeIdOfMember(1, 4)).to.equal(0);
      expect(await taskRegistry.memberAt(1, 0)).to.deep.equal([1n, 3n]);
      expect(await taskRegistry.activeBitmap(1)).to.deep.equal([0b111n]);
    });

    it("moves the last member to the place of one that leaves, and keeps ids for its return", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await federation.publish(roles);
      await federation.join(...federation.nodes.slice(0, 4));
      const left = taskRegistry.connect(federation.node(2).operator).leaveTask(1, 2);
      await expect(left).to.emit(taskRegistry, "MemberLeft").withArgs(1, 2, 2, 1);
      await expect(left).to.emit(taskRegistry, "MemberMoved").withArgs(1, 4, 3, 1);
      expect(await activeIds(federation)).to.deep.equal([1, 4, 3]);
      expect((await memberOf(federation, 4)).position).to.equal(1);
      expect(await taskRegistry.activeBitmap(1)).to.deep.equal([0b1101n]);

      const last = taskRegistry.connect(federation.node(3).operator).leaveTask(1, 3);
      await expect(last).not.to.emit(taskRegistry, "MemberMoved");
      await expect(taskRegistry.connect(federation.node(2).operator).joinTask(1, 2))
        .to.emit(taskRegistry, "MemberJoined")
        .withArgs(1, 2, 2, 2);
      expect((await federation.status()).memberCount).to.equal(4);
      expect((await federation.status()).activeCount).to.equal(3);
    });

    it("is for registered nodes, by their operators, once, and up to maxNodes", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, nodeRegistry } = federation.contracts;
      await federation.publish({ ...roles, maxNodes: 2 });
      const { operator } = federation.node(1);
      await expect(taskRegistry.joinTask(1, 1))
        .to.be.revertedWithCustomError(taskRegistry, "NotOperator")
        .withArgs(1, publisher.address);
      await expect(taskRegistry.connect(operator).joinTask(9, 1))
        .to.be.revertedWithCustomError(taskRegistry, "UnknownTask")
        .withArgs(9);
      await expect(taskRegistry.connect(operator).leaveTask(1, 1))
        .to.be.revertedWithCustomError(taskRegistry, "NotActive")
        .withArgs(1, 1);
      await federation.join(federation.node(1));
      await expect(federation.join(federation.node(1)))
        .to.be.revertedWithCustomError(taskRegistry, "AlreadyMember")
        .withArgs(1, 1);
      await nodeRegistry.connect(federation.node(3).operator).resign();
      await expect(federation.join(federation.node(3)))
        .to.be.revertedWithCustomError(taskRegistry, "NotRegistered")
        .withArgs(3);
      await federation.join(federation.node(2));
      await expect(federation.join(federation.node(4)))
        .to.be.revertedWithCustomError(taskRegistry, "TaskFull")
        .withArgs(1, 2);
    });

    it("asks for stake, in a vault whose unbonding outlasts the last dispute", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token, stakeVault } = federation.contracts;
      const stakeToken = await addressOf(token);
      const staked = { ...roles, stakeToken, minStake: 100n, slashRecipient: stranger.address as Address };
      await federation.publish(staked);
      await expect(federation.join(federation.node(1)))
        .to.be.revertedWithCustomError(taskRegistry, "StakeTooLow")
        .withArgs(1, 0, 100);
      const { operator } = federation.node(1);
      await token.mint(operator, 100);
      await token.connect(operator).approve(stakeVault, 100);
      await stakeVault.connect(operator).deposit(1, stakeToken, 100, NO_PERMIT);
      await federation.join(federation.node(1));

      const now = await federation.now();
      const long = {
        ...(await federation.defaultTerms()),
        ...staked,
        rewardUnit: 0n,
        timeLimit: now + 89 * DAY,
      };
      const short = { ...long, disputeWindowSeconds: 0, timeLimit: now + 89 * DAY };
      await expect(taskRegistry.publish(termsToAbi(long), NO_PERMIT)).to.be.revertedWithCustomError(
        taskRegistry,
        "UnbondingTooShort",
      );
      await taskRegistry.publish(termsToAbi(short), NO_PERMIT);
      await expect(taskRegistry.publish(termsToAbi({ ...short, stakeVault: roles.coordinator }), NO_PERMIT))
        .to.be.revertedWithCustomError(taskRegistry, "NotAContract")
        .withArgs(roles.coordinator);
    });
  });

  describe("the roster of a running task", () => {
    it("changes at the next opening, not before", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await running(federation, 3);
      await expect(taskRegistry.connect(federation.node(4).operator).joinTask(1, 4))
        .to.emit(taskRegistry, "MembershipQueued")
        .withArgs(1, 4, true);
      await expect(taskRegistry.connect(federation.node(1).operator).leaveTask(1, 1))
        .to.emit(taskRegistry, "MembershipQueued")
        .withArgs(1, 1, false);
      expect(await activeIds(federation)).to.deep.equal([1, 2, 3]);
      expect(await taskRegistry.activeMemberId(1, 1)).to.equal(1);
      expect((await memberOf(federation, 1)).status).to.equal(Member.Leaving);
      expect((await memberOf(federation, 4)).status).to.equal(Member.Joining);
      expect(await taskRegistry.queuedChanges(1)).to.deep.equal([
        [4n, 1n],
        [true, false],
      ]);

      expect(await taskRegistry.connect(coordinator).applyChanges.staticCall(1)).to.equal(3);
      await open(federation);
      expect(await activeIds(federation)).to.deep.equal([4, 2, 3]);
      expect((await memberOf(federation, 1)).status).to.equal(Member.Left);
      expect(await taskRegistry.queuedChanges(1)).to.deep.equal([[], []]);
      await expect(taskRegistry.applyChanges(1)).to.be.revertedWithCustomError(
        taskRegistry,
        "NotCoordinator",
      );
    });

    it("lets a node withdraw its queued join, and ask again without a second place", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await running(federation, 3);
      const node = federation.node(4);
      for (let i = 0; i < 20; i++) {
        await federation.join(node);
        await expect(federation.join(node)).to.be.revertedWithCustomError(taskRegistry, "AlreadyMember");
        await federation.leave(node);
      }
      expect(await taskRegistry.queuedChanges(1)).to.deep.equal([[], []]);
      await federation.join(federation.node(5));
      await open(federation);
      expect(await activeIds(federation)).to.deep.equal([1, 2, 3, 4]);
      expect(await taskRegistry.activeMemberId(1, 5)).to.equal(4);
      expect((await memberOf(federation, 4)).status).to.equal(Member.None);
    });

    it("drops a queued join that no longer qualifies", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, nodeRegistry } = federation.contracts;
      await running(federation, 2, { maxNodes: 3 });
      await federation.join(federation.node(3), federation.node(4), federation.node(5));
      await nodeRegistry.connect(federation.node(3).operator).resign();
      const opening = open(federation);
      await expect(opening).to.emit(taskRegistry, "JoinDropped").withArgs(1, 3);
      await expect(opening).to.emit(taskRegistry, "MemberJoined").withArgs(1, 4, 3, 2);
      await expect(opening).to.emit(taskRegistry, "JoinDropped").withArgs(1, 5);
    });

    it("drops a queued join whose stake was withdrawn meanwhile", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token, stakeVault } = federation.contracts;
      const stakeToken = await addressOf(token);
      for (const { operator, nodeId } of federation.nodes.slice(0, 3)) {
        await token.mint(operator, 100);
        await token.connect(operator).approve(stakeVault, 100);
        await stakeVault.connect(operator).deposit(nodeId, stakeToken, 100, NO_PERMIT);
      }
      await running(federation, 2, {
        stakeToken,
        minStake: 100n,
        slashRecipient: stranger.address as Address,
      });
      await federation.join(federation.node(3));
      await stakeVault.connect(federation.node(3).operator).unbond(3, stakeToken, 1);
      await expect(open(federation)).to.emit(taskRegistry, "JoinDropped").withArgs(1, 3);
    });

    it("loses nodes that the registry removed, before it serves the queue, at most 16 steps an opening", async () => {
      const federation = await networkHelpers.loadFixture(forty);
      const { taskRegistry, nodeRegistry } = federation.contracts;
      await running(federation, 20);
      for (let i = 21; i <= 30; i++) await federation.join(federation.node(i));
      const gone = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 31, 32];
      for (const id of gone) await nodeRegistry.connect(federation.node(id).operator).resign();

      await open(federation);
      expect((await federation.status()).removalCursor).to.equal(12);
      expect(await activeIds(federation)).to.have.lengthOf(20 - 10 + 4);
      expect((await taskRegistry.queuedChanges(1))[0]).to.deep.equal([25n, 26n, 27n, 28n, 29n, 30n]);
      await open(federation);
      expect(await activeIds(federation)).to.have.lengthOf(20);
      expect((await federation.status()).memberCount).to.equal(30);
    });

    it("costs a step for each removal from the registry since publication, member or not", async () => {
      const federation = await networkHelpers.loadFixture(forty);
      const { nodeRegistry } = federation.contracts;
      const resign = async (id: number) => nodeRegistry.connect(federation.node(id).operator).resign();
      await resign(40);
      await running(federation, 3);
      expect((await federation.status()).removalCursor).to.equal(1);
      for (let id = 20; id < 37; id++) await resign(id);
      await resign(3);
      await open(federation);
      expect((await federation.status()).removalCursor).to.equal(17);
      expect(await activeIds(federation)).to.deep.equal([1, 2, 3]);
      await open(federation);
      expect(await activeIds(federation)).to.deep.equal([1, 2]);
      expect((await federation.status()).removalCursor).to.equal(19);
    });

    it("treats a node that was removed while it waited to leave once", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, nodeRegistry } = federation.contracts;
      await running(federation, 3);
      await federation.leave(federation.node(2));
      await nodeRegistry.connect(federation.node(2).operator).resign();
      const opening = open(federation);
      await expect(opening).to.emit(taskRegistry, "MemberLeft").withArgs(1, 2, 2, 1);
      expect(await activeIds(federation)).to.deep.equal([1, 3]);
      await open(federation);
      expect(await activeIds(federation)).to.deep.equal([1, 3]);
    });

    it("keeps the member id of a node that leaves and comes back", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry } = federation.contracts;
      await running(federation, 3);
      await federation.leave(federation.node(1));
      await open(federation);
      await federation.join(federation.node(4), federation.node(1));
      await open(federation);
      expect(await activeIds(federation)).to.deep.equal([3, 2, 4, 1]);
      expect(await taskRegistry.activeBitmap(1)).to.deep.equal([0b1111n]);
    });
  });

  describe("ending", () => {
    for (const [name, state] of [
      ["RoundsDone", TaskState.Completed],
      ["TimeLimit", TaskState.Completed],
      ["TargetScore", TaskState.Completed],
      ["HardEnd", TaskState.Completed],
      ["VoidRounds", TaskState.Aborted],
      ["TooFewNodes", TaskState.Aborted],
    ] as const) {
      it(`for ${name} leaves it ${state === TaskState.Completed ? "completed" : "aborted"}`, async () => {
        const federation = await networkHelpers.loadFixture(five);
        const { taskRegistry } = federation.contracts;
        await running(federation, 2);
        await expect(taskRegistry.end(1, EndReason[name], 7)).to.be.revertedWithCustomError(
          taskRegistry,
          "NotCoordinator",
        );
        await expect(taskRegistry.connect(coordinator).end(1, EndReason[name], 7))
          .to.emit(taskRegistry, "TaskEnded")
          .withArgs(1, state, EndReason[name], 7);
        const status = await federation.status();
        expect([status.state, status.endReason, status.roundsPlayed]).to.deep.equal([
          BigInt(state),
          BigInt(EndReason[name]),
          7n,
        ]);
        for (const change of [
          () => federation.join(federation.node(3)),
          () => federation.leave(federation.node(1)),
        ]) {
          await expect(change()).to.be.revertedWithCustomError(taskRegistry, "WrongState").withArgs(1, state);
        }
        await expect(open(federation)).to.be.revertedWithCustomError(taskRegistry, "WrongState");
      });
    }

    it("pays from the escrow to whom the ledger says, and never more than it holds", async () => {
      const federation = await networkHelpers.loadFixture(five);
      const { taskRegistry, token } = federation.contracts;
      await running(federation, 2);
      const escrow = escrowOf(federation.terms);
      await federation.publish(roles);
      const pay = (amount: bigint) => taskRegistry.connect(ledger).release(1, stranger, amount);
      await expect(taskRegistry.release(1, stranger, 1))
        .to.be.revertedWithCustomError(taskRegistry, "NotRewardLedger")
        .withArgs(1, publisher.address);
      await expect(pay(40n)).to.emit(taskRegistry, "EscrowReleased").withArgs(1, stranger.address, 40);
      await expect(pay(escrow - 39n))
        .to.be.revertedWithCustomError(taskRegistry, "EscrowExceeded")
        .withArgs(1, escrow - 40n, escrow - 39n);
      await pay(escrow - 40n);
      expect(await token.balanceOf(stranger)).to.equal(escrow);
      expect(await token.balanceOf(taskRegistry)).to.equal(escrow);
    });
  });

  it("names a task that does not exist", async () => {
    const federation = await networkHelpers.loadFixture(five);
    const { taskRegistry } = federation.contracts;
    for (const view of [
      () => taskRegistry.terms(1),
      () => taskRegistry.status(1),
      () => taskRegistry.cancel(1),
    ]) {
      await expect(view()).to.be.revertedWithCustomError(taskRegistry, "UnknownTask").withArgs(1);
    }
    expect((await taskRegistry.member(1, 1)).status).to.equal(Member.None);
  });
});
