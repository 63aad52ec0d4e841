import { expect } from "chai";
import { ZeroHash } from "ethers";
import { network } from "hardhat";
import type { Address } from "#protocol/ids";
import { deployFederation } from "../contracts/federation.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const [, arbiter, recipient] = await ethers.getSigners();
if (!arbiter || !recipient) throw new Error("The network has too few accounts");
const UNBONDING = 90 * 86_400;
const NO_PERMIT = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };

describe("Stake", () => {
  it("can be withdrawn after a slash that emptied every withdrawal under way", async () => {
    const federation = await deployFederation(connection, { nodes: 1, unbondingPeriod: UNBONDING });
    const { stakeVault, token } = federation.contracts;
    const { operator } = federation.node(1);
    const vault = stakeVault.connect(operator);
    await token.mint(operator, 1000);
    await token.connect(operator).approve(vault, 1000);
    await vault.deposit(1, token, 1000, NO_PERMIT);
    await federation.publish({
      arbiter: arbiter.address as Address,
      stakeToken: (await token.getAddress()) as Address,
      minStake: 100n,
      slashRecipient: recipient.address as Address,
    });
    await federation.join(federation.node(1));
    // Slashing rounds up, so that the least fraction takes all of a withdrawal of one.
    for (let i = 0; i < 32; i++) await vault.unbond(1, token, 1);
    await vault.connect(arbiter).slash(1, 1, 1, ethers.ZeroAddress);
    expect(await vault.stakeOf(1, token)).to.equal(967);

    await networkHelpers.time.increase(UNBONDING);
    await vault.withdraw(1, token, operator);
    await vault.unbond(1, token, 967);
    await networkHelpers.time.increase(UNBONDING);
    await vault.withdraw(1, token, operator);
    expect(await token.balanceOf(operator)).to.equal(967);
  });
});
