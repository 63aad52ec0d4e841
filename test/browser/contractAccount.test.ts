import { expect } from "chai";
import { Wallet, id, parseEther } from "ethers";
import type { Page } from "playwright-core";
import type { Address } from "#protocol/ids";
import { fund, testNode } from "../contracts/federation.ts";
import { DappFixture, connect, trustAll, type Visitor } from "./dappFixture.ts";

// One scenario: the tests go on where the one before ended.
describe("an account that is a contract, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let owner: Wallet;
  let account: Address;
  let visitor: Visitor;
  let page: Page;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { connection, contracts } = fixture.federation;
    owner = new Wallet(id("owner of an account"), connection.ethers.provider);
    await fund(connection, owner.address);
    const deployed = await connection.ethers.deployContract("SmartAccount", [owner.address]);
    account = (await deployed.getAddress()) as Address;
    await contracts.token.mint(account, parseEther("1000"));
    visitor = await fixture.visit(owner, { walletKind: { contractAccount: account } });
    ({ page } = visitor);
  });

  afterEach(() => {
    if (fixture === undefined) return;
    expect(visitor.faults).to.deep.equal([]);
    expect(visitor.wallet?.asked).to.not.include("eth_signTypedData_v4");
  });

  after(async () => fixture?.close());

  it("asks for admission with a signer of its own, since a contract has no key", async () => {
    const { connection, contracts, nodes } = fixture.federation;
    await visitor.open("/nodes");
    await connect(visitor);
    await page.getByText("Your account is a contract, so the node needs a key of its own.").waitFor();
    expect(await page.getByRole("button", { name: "Ask for admission" }).isEnabled()).to.equal(false);
    await page.getByLabel("Signer key (address)").fill(testNode(connection, 5).signer.address);
    await page.getByRole("button", { name: "Ask for admission" }).click();
    await page.getByText(/Vote 1 on your admission is open: 0 of 3/).waitFor();
    for (const { operator } of nodes.slice(0, 3)) {
      await contracts.nodeRegistry.connect(operator).vote(1, true);
    }
    await page.getByRole("heading", { name: "Your node 5" }).waitFor();
    expect(await contracts.nodeRegistry.operatorOf(5)).to.equal(account);
  });

  it("stakes by an exact approval instead of a permit, joins, and claims what it earns", async () => {
    const { federation } = fixture;
    const { contracts, nodes } = federation;
    await federation.publish({
      minStake: parseEther("5"),
      stakeToken: (await contracts.token.getAddress()) as Address,
      slashRecipient: account,
      rewardUnit: parseEther("1"),
      minNodes: 1,
    });
    await visitor.open("/tasks/2");
    await trustAll(visitor);
    await page.getByRole("button", { name: "Stake", exact: true }).click();
    await page.getByRole("button", { name: "Join task 2 with node 5" }).and(page.locator(":enabled")).click();
    await page.getByRole("button", { name: "Leave task 2" }).waitFor();
    expect(visitor.wallet?.sent).to.have.length(4);
    expect(await contracts.stakeVault.stakeOf(5, await contracts.token.getAddress())).to.equal(
      parseEther("5"),
    );
    expect(await contracts.token.allowance(account, contracts.stakeVault)).to.equal(0n);

    const [relayer] = nodes;
    if (relayer === undefined) throw new Error("The federation has no node");
    await contracts.coordinator.connect(relayer.operator).start(2);
    await federation.playRound();
    await page.getByRole("button", { name: "Claim 5 DEV" }).click();
    await page.locator("[data-state=confirmed]").filter({ hasText: "Claim 5 DEV" }).waitFor();
    expect(await contracts.token.balanceOf(account)).to.equal(parseEther("1000"));
  });

  it("stakes a token whose approve answers nothing, and that has no decimals, in its units", async () => {
    const { federation } = fixture;
    const { stakeVault } = federation.contracts;
    const token = await federation.connection.ethers.deployContract("NoReturnToken");
    const address = (await token.getAddress()) as Address;
    await token.getFunction("mint")(account, 70);
    await federation.publish({ minStake: 70n, stakeToken: address, slashRecipient: account, minNodes: 1 });
    await visitor.open("/tasks/3");
    await page.getByText("The task asks for 70 units more.").waitFor();
    await trustAll(visitor);
    await page.getByRole("button", { name: "Stake", exact: true }).click();
    await page
      .getByRole("button", { name: "Join task 3 with node 5" })
      .and(page.locator(":enabled"))
      .waitFor();
    expect(await stakeVault.stakeOf(5, address)).to.equal(70n);
  });

  it("publishes a task by an approval of exactly the escrow, then the call", async () => {
    const { contracts } = fixture.federation;
    await contracts.token.mint(account, parseEther("1000"));
    await visitor.open("/publish");
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByLabel("Name").fill("Digits of a contract");
    await page.getByRole("button", { name: /Confirm/ }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await page.getByLabel("The files are in a node’s store").check();
    const sent = visitor.wallet?.sent.length ?? 0;
    await page.getByRole("button", { name: "Publish the task" }).click();
    await page.getByRole("heading", { name: "Task 4" }).waitFor();
    expect(visitor.wallet?.sent).to.have.length(sent + 2);
    expect((await contracts.taskRegistry.status(4)).publisher).to.equal(account);
    expect(await contracts.token.allowance(account, contracts.taskRegistry)).to.equal(0n);
  });

  it("is told when its call failed inside of a transaction that succeeded", async () => {
    const { contracts, connection, nodes } = fixture.federation;
    const { provider } = connection.ethers;
    const [other] = nodes;
    if (other === undefined) throw new Error("The federation has no node");
    const key = new Wallet(id("a coveted key")).address;
    await visitor.open("/nodes");
    await provider.send("evm_setAutomine", [false]);
    await page.getByLabel("New signer key (address)").fill(key);
    await page.getByRole("button", { name: "Change the signer key" }).click();
    await page.locator("[data-state=pending]").waitFor();
    // Stands before it in the block, and takes the key.
    await contracts.nodeRegistry.connect(other.operator).setSigner(key, {
      maxFeePerGas: 200_000_000_000n,
      maxPriorityFeePerGas: 100_000_000_000n,
      gasLimit: 500_000,
    });
    await provider.send("evm_mine", []);
    await provider.send("evm_setAutomine", [true]);
    await page
      .locator("[data-state=failed]")
      .getByText(/is mined, but your contract account’s call in it failed, so nothing changed/)
      .waitFor();
    const receipt = await provider.getTransactionReceipt(visitor.wallet?.sent.at(-1) ?? "");
    expect(receipt?.status).to.equal(1);
  });

  it("one that delegates (EIP-7702) still has its key, and signs permits", async () => {
    const { connection, contracts, nodes } = fixture.federation;
    const [node] = nodes;
    if (node === undefined) throw new Error("The federation has no node");
    const { address } = node.operator;
    await connection.ethers.provider.send("hardhat_setCode", [address, `0xef0100${account.slice(2)}`]);
    await contracts.token.mint(address, parseEther("3"));
    const delegating = await fixture.visit(node.operator);
    await delegating.open("/nodes");
    await connect(delegating);
    await delegating.page.getByLabel("Amount in DEV").fill("3");
    await delegating.page.getByRole("button", { name: "Stake", exact: true }).click();
    await delegating.page.locator("[data-state=confirmed]").filter({ hasText: "Stake 3 DEV" }).waitFor();
    expect(delegating.wallet?.asked).to.include("eth_signTypedData_v4");
    expect(delegating.wallet?.sent).to.have.length(1);
    expect(await contracts.token.allowance(address, contracts.stakeVault)).to.equal(0n);
    await delegating.close();
  });
});
