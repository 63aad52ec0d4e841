import { expect } from "chai";
import type { BaseContract } from "ethers";
import { ZeroAddress, ZeroHash } from "ethers";
import { network } from "hardhat";
import type { Address } from "#protocol/ids";
import type { DevelopmentToken, NoReturnToken, ReentrantToken } from "#chain/typechain/index";
import { deployFederation } from "./federation.ts";
import type { Federation } from "./federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const [, arbiter, recipient, hunter] = await ethers.getSigners();
if (!arbiter || !recipient || !hunter) throw new Error("The network has too few accounts");
const DAY = 86_400;
const UNBONDING = 90 * DAY;
const NO_PERMIT = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };

const addressOf = async (contract: BaseContract) => (await contract.getAddress()) as Address;

/** Three nodes; the first has staked 1000. */
async function staked() {
  const federation = await deployFederation(connection, { nodes: 3, unbondingPeriod: UNBONDING });
  const { stakeVault, token } = federation.contracts;
  const { operator } = federation.node(1);
  await token.mint(operator, 5000);
  await token.connect(operator).approve(stakeVault, 5000);
  const vault = stakeVault.connect(operator);
  await vault.deposit(1, token, 1000, NO_PERMIT);
  return { federation, vault, token, operator, address: await addressOf(token) };
}

/** The same, with a task whose arbiter may slash the first node, and the second that never staked. */
const joined = async () => {
  const all = await staked();
  await all.federation.publish({
    arbiter: arbiter.address as Address,
    stakeToken: all.address,
    minStake: 100n,
    slashRecipient: recipient.address as Address,
    slashBounty: 30n,
  });
  await all.federation.join(all.federation.node(1));
  return { ...all, asArbiter: all.vault.connect(arbiter) };
};

async function pendingOf(federation: Federation, token: string) {
  const pending = await federation.contracts.stakeVault.pendingOf(1, token);
  return pending.map(({ amount }) => Number(amount));
}

describe("StakeVault", () => {
  it("is deployed with registries and a period that can be waited for", async () => {
    const { federation, vault } = await networkHelpers.loadFixture(staked);
    const { nodeRegistry, taskRegistry } = federation.contracts;
    const deploy = (nodes: string, tasks: string, period: number) =>
      ethers.deployContract("StakeVault", [nodes, tasks, period]);
    const [nodes, tasks] = [await addressOf(nodeRegistry), await addressOf(taskRegistry)];
    await expect(deploy(ZeroAddress, tasks, 1)).to.be.revertedWithCustomError(vault, "ZeroAddress");
    await expect(deploy(nodes, ZeroAddress, 1)).to.be.revertedWithCustomError(vault, "ZeroAddress");
    await expect(deploy(nodes, tasks, 0))
      .to.be.revertedWithCustomError(vault, "InvalidUnbondingPeriod")
      .withArgs(0);
    expect(await vault.unbondingPeriod()).to.equal(UNBONDING);
  });

  describe("depositing", () => {
    it("adds to the node's stake", async () => {
      const { vault, token, address } = await networkHelpers.loadFixture(staked);
      await expect(vault.deposit(1, token, 500, NO_PERMIT))
        .to.emit(vault, "Deposited")
        .withArgs(1, address, 500, 1500);
      expect(await vault.stakeOf(1, token)).to.equal(1500);
      expect(await vault.liabilities(token)).to.equal(1500);
      expect(await token.balanceOf(vault)).to.equal(1500);
    });

    it("is for the node's operator, and for amounts that count", async () => {
      const { federation, vault, token } = await networkHelpers.loadFixture(staked);
      const { operator } = federation.node(2);
      await expect(vault.connect(operator).deposit(1, token, 1, NO_PERMIT))
        .to.be.revertedWithCustomError(vault, "NotOperator")
        .withArgs(1, operator.address);
      await expect(vault.deposit(1, token, 0, NO_PERMIT)).to.be.revertedWithCustomError(vault, "ZeroAmount");
      await expect(vault.deposit(9, token, 1, NO_PERMIT)).to.be.revertedWithCustomError(vault, "NotOperator");
      const much = 2n ** 128n - 1000n;
      await token.mint(operator, much);
      await token.connect(operator).transfer(federation.node(1).operator, much);
      await token.connect(federation.node(1).operator).approve(vault, much);
      await expect(vault.deposit(1, token, much, NO_PERMIT))
        .to.be.revertedWithCustomError(vault, "AmountTooLarge")
        .withArgs(2n ** 128n);
    });

    it("credits what arrives of a token that keeps a fee", async () => {
      const { vault, operator } = await networkHelpers.loadFixture(staked);
      const token = (await ethers.deployContract("FeeToken")) as unknown as DevelopmentToken;
      await token.mint(operator, 1000);
      await token.connect(operator).approve(vault, 1000);
      await vault.deposit(1, token, 1000, NO_PERMIT);
      expect(await vault.stakeOf(1, token)).to.equal(990);
      expect(await vault.liabilities(token)).to.equal(await token.balanceOf(vault));
    });

    it("works with a token whose transfers return nothing, there and back", async () => {
      const { vault, operator } = await networkHelpers.loadFixture(staked);
      const token = (await ethers.deployContract("NoReturnToken")) as unknown as NoReturnToken;
      await token.mint(operator, 50);
      await token.connect(operator).approve(vault, 50);
      await vault.deposit(1, token, 50, { ...NO_PERMIT, deadline: 2n ** 40n });
      await vault.unbond(1, token, 50);
      await networkHelpers.time.increase(UNBONDING);
      await vault.withdraw(1, token, operator);
      expect(await token.balanceOf(operator)).to.equal(50);
    });
  });

  describe("unbonding", () => {
    it("ends the stake's weight at once and pays after the period", async () => {
      const { vault, token, address, operator } = await networkHelpers.loadFixture(staked);
      await vault.unbond(1, token, 400);
      const releaseTime = (await networkHelpers.time.latest()) + UNBONDING;
      expect(await vault.stakeOf(1, token)).to.equal(600);
      expect(await vault.pendingOf(1, token)).to.deep.equal([[400n, BigInt(releaseTime)]]);
      await networkHelpers.time.setNextBlockTimestamp(releaseTime - 1);
      await expect(vault.withdraw(1, token, operator))
        .to.be.revertedWithCustomError(vault, "NothingToWithdraw")
        .withArgs(1);
      await networkHelpers.time.setNextBlockTimestamp(releaseTime);
      await expect(vault.withdraw(1, token, recipient))
        .to.emit(vault, "Withdrawn")
        .withArgs(1, address, recipient.address, 400);
      expect(await token.balanceOf(recipient)).to.equal(400);
      expect(await vault.pendingOf(1, token)).to.deep.equal([]);
      expect(await vault.liabilities(token)).to.equal(600);
    });

    it("pays all that is due and keeps the rest waiting in order", async () => {
      const { federation, vault, token, operator } = await networkHelpers.loadFixture(staked);
      for (const amount of [10, 20, 30]) {
        await vault.unbond(1, token, amount);
        await networkHelpers.time.increase(DAY);
      }
      await networkHelpers.time.increase(UNBONDING - DAY - 10);
      await vault.unbond(1, token, 40);
      const before = await token.balanceOf(operator);
      await vault.withdraw(1, token, operator);
      expect((await token.balanceOf(operator)) - before).to.equal(30);
      expect(await pendingOf(federation, await addressOf(token))).to.deep.equal([30, 40]);
    });

    it("is bounded by the stake and by the number of withdrawals under way", async () => {
      const { federation, vault, token } = await networkHelpers.loadFixture(staked);
      await expect(vault.unbond(1, token, 1001))
        .to.be.revertedWithCustomError(vault, "InsufficientStake")
        .withArgs(1, 1000, 1001);
      await expect(vault.unbond(1, token, 0)).to.be.revertedWithCustomError(vault, "ZeroAmount");
      await expect(vault.withdraw(1, token, ZeroAddress)).to.be.revertedWithCustomError(vault, "ZeroAddress");
      const other = vault.connect(federation.node(2).operator);
      await expect(other.unbond(1, token, 1)).to.be.revertedWithCustomError(vault, "NotOperator");
      await expect(other.withdraw(1, token, recipient)).to.be.revertedWithCustomError(vault, "NotOperator");
      for (let i = 0; i < 32; i++) await vault.unbond(1, token, 1);
      await expect(vault.unbond(1, token, 1))
        .to.be.revertedWithCustomError(vault, "TooManyPendingWithdrawals")
        .withArgs(1, 32);
    });

    it("stays possible for a node that left the registry", async () => {
      const { federation, vault, token, operator } = await networkHelpers.loadFixture(staked);
      await federation.contracts.nodeRegistry.connect(operator).resign();
      await vault.unbond(1, token, 1000);
      await networkHelpers.time.increase(UNBONDING);
      await vault.withdraw(1, token, operator);
      expect(await token.balanceOf(operator)).to.equal(5000);
    });
  });

  describe("slashing", () => {
    it("takes its share of the stake and of every withdrawal under way, each rounded up", async () => {
      const { federation, vault, token, address, asArbiter } = await networkHelpers.loadFixture(joined);
      for (const amount of [101, 7, 1]) await vault.unbond(1, token, amount);
      const slash = asArbiter.slash(1, 1, 1000, hunter);
      await expect(slash)
        .to.emit(vault, "Slashed")
        .withArgs(1, 1, address, 1000, 90, 11 + 1 + 1, 30, hunter.address, recipient.address);
      expect(await vault.stakeOf(1, token)).to.equal(891 - 90);
      expect(await pendingOf(federation, address)).to.deep.equal([90, 6, 0]);
      expect(await vault.proceedsOf(hunter, token)).to.equal(30);
      expect(await vault.proceedsOf(recipient, token)).to.equal(103 - 30);
      expect(await vault.liabilities(token)).to.equal(1000);
    });

    it("pays the finder no more than was taken, and nobody where none is named", async () => {
      const { vault, token, asArbiter } = await networkHelpers.loadFixture(joined);
      await asArbiter.slash(1, 1, 1, hunter);
      expect(await vault.proceedsOf(hunter, token)).to.equal(1);
      expect(await vault.proceedsOf(recipient, token)).to.equal(0);
      await asArbiter.slash(1, 1, 10_000, ZeroAddress);
      expect(await vault.stakeOf(1, token)).to.equal(0);
      expect(await vault.proceedsOf(recipient, token)).to.equal(999);
    });

    it("pays its proceeds on demand, once", async () => {
      const { vault, token, address, asArbiter } = await networkHelpers.loadFixture(joined);
      await asArbiter.slash(1, 1, 5000, hunter);
      await expect(vault.connect(recipient).claimProceeds(token))
        .to.emit(vault, "ProceedsClaimed")
        .withArgs(address, recipient.address, 470);
      await vault.connect(hunter).claimProceeds(token);
      expect(await token.balanceOf(recipient)).to.equal(470);
      expect(await token.balanceOf(hunter)).to.equal(30);
      expect(await vault.liabilities(token)).to.equal(500);
      await expect(vault.connect(recipient).claimProceeds(token))
        .to.be.revertedWithCustomError(vault, "NothingToClaim")
        .withArgs(recipient.address);
    });

    it("is for the arbiter that the terms name, on nodes that joined, by a share that exists", async () => {
      const { federation, vault, asArbiter } = await networkHelpers.loadFixture(joined);
      await expect(vault.slash(1, 1, 1, hunter))
        .to.be.revertedWithCustomError(vault, "NotArbiter")
        .withArgs(1, federation.node(1).operator.address);
      await expect(asArbiter.slash(1, 2, 1, hunter))
        .to.be.revertedWithCustomError(vault, "NotTaskMember")
        .withArgs(1, 2);
      for (const fraction of [0, 10_001]) {
        await expect(asArbiter.slash(1, 1, fraction, hunter))
          .to.be.revertedWithCustomError(vault, "InvalidFraction")
          .withArgs(fraction);
      }
      await expect(asArbiter.slash(9, 1, 1, hunter)).to.be.revertedWithCustomError(
        federation.contracts.taskRegistry,
        "UnknownTask",
      );
    });

    it("reaches a member that left the task", async () => {
      const { federation, vault, token, asArbiter } = await networkHelpers.loadFixture(joined);
      await federation.leave(federation.node(1));
      await asArbiter.slash(1, 1, 10_000, hunter);
      expect(await vault.stakeOf(1, token)).to.equal(0);
    });

    it("is the business of the vault that the terms name", async () => {
      const { federation, vault, asArbiter } = await networkHelpers.loadFixture(joined);
      const elsewhere = hunter.address as Address;
      await federation.publish({ arbiter: arbiter.address as Address, stakeVault: elsewhere });
      await federation.join(federation.node(1));
      await expect(asArbiter.slash(2, 1, 1, hunter))
        .to.be.revertedWithCustomError(vault, "WrongVault")
        .withArgs(2, elsewhere);
    });

    it("takes nothing for a task that asked for no stake", async () => {
      const { federation, vault, token, asArbiter } = await networkHelpers.loadFixture(joined);
      await federation.publish({ arbiter: arbiter.address as Address });
      await federation.join(federation.node(1));
      await asArbiter.slash(2, 1, 10_000, hunter);
      expect(await vault.stakeOf(1, token)).to.equal(1000);
      expect(await vault.proceedsOf(hunter, token)).to.equal(0);
    });

    it("closes with the dispute window after the hard end", async () => {
      const { federation, vault, asArbiter } = await networkHelpers.loadFixture(joined);
      const closedAt = (await federation.contracts.taskRegistry.status(1)).hardEnd + 86_400n;
      await networkHelpers.time.setNextBlockTimestamp(closedAt);
      await asArbiter.slash(1, 1, 100, hunter);
      await expect(asArbiter.slash(1, 1, 100, hunter))
        .to.be.revertedWithCustomError(vault, "SlashingClosed")
        .withArgs(1, closedAt);
    });

    it("cannot be escaped: what a member starts to unbond is still there at the last dispute", async () => {
      const { federation, vault, token, asArbiter } = await networkHelpers.loadFixture(joined);
      await vault.unbond(1, token, 1000);
      const closedAt = (await federation.contracts.taskRegistry.status(1)).hardEnd + 86_400n;
      await networkHelpers.time.setNextBlockTimestamp(closedAt - 1n);
      await expect(vault.withdraw(1, token, hunter)).to.be.revertedWithCustomError(
        vault,
        "NothingToWithdraw",
      );
      await asArbiter.slash(1, 1, 10_000, ZeroAddress);
      expect(await vault.proceedsOf(recipient, token)).to.equal(1000);
    });
  });

  it("cannot be entered again from a token's transfer", async () => {
    const { federation } = await networkHelpers.loadFixture(staked);
    const { nodeRegistry, stakeVault } = federation.contracts;
    const token = (await ethers.deployContract("ReentrantToken")) as unknown as ReentrantToken;
    const address = await addressOf(token as unknown as BaseContract);
    await token.act(
      nodeRegistry,
      nodeRegistry.interface.encodeFunctionData("applyForAdmission", [address, "0x", ""]),
    );
    for (const id of [1, 2]) await nodeRegistry.connect(federation.node(id).operator).vote(1, true);
    await token.mint(address, 100);
    await token.act(
      address,
      token.interface.encodeFunctionData("approve", [await addressOf(stakeVault), 100]),
    );
    await token.act(
      stakeVault,
      stakeVault.interface.encodeFunctionData("deposit", [4, address, 60, NO_PERMIT]),
    );
    await token.act(stakeVault, stakeVault.interface.encodeFunctionData("unbond", [4, address, 60]));
    await networkHelpers.time.increase(UNBONDING);
    const withdraw = stakeVault.interface.encodeFunctionData("withdraw", [4, address, address]);
    const deposit = stakeVault.interface.encodeFunctionData("deposit", [4, address, 10, NO_PERMIT]);
    for (const [outer, inner] of [
      [deposit, deposit],
      [deposit, withdraw],
      [withdraw, deposit],
    ] as const) {
      await token.attack(stakeVault, inner);
      await token.act(stakeVault, outer);
      expect(await token.entered()).to.equal(false);
      expect(await token.answer()).to.equal(ethers.id("ReentrancyGuardReentrantCall()").slice(0, 10));
    }
    expect(await stakeVault.liabilities(address)).to.equal(await token.balanceOf(stakeVault));
  });
});
