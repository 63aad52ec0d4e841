import { expect } from "chai";
import { HDNodeWallet, Wallet, parseEther } from "ethers";
import type { Locator, Page } from "playwright-core";
import { TaskState } from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import type { TestNode } from "../contracts/federation.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

const DAY = 86_400;
/** Of the accounts that Hardhat funds; the first one publishes. */
const HARDHAT_PHRASE = "test test test test test test test test test test test junk";

// One scenario: the tests go on where the one before ended.
describe("leaving, and taking out what is one's own, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let token: Address;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { federation } = fixture;
    const { contracts, nodes } = federation;
    token = (await contracts.token.getAddress()) as Address;
    const permit = { deadline: 0, v: 0, r: `0x${"0".repeat(64)}`, s: `0x${"0".repeat(64)}` };
    for (const { operator, nodeId } of nodes) {
      await contracts.token.mint(operator.address, parseEther("5"));
      await contracts.token.connect(operator).approve(contracts.stakeVault, parseEther("5"));
      await contracts.stakeVault.connect(operator).deposit(nodeId, token, parseEther("5"), permit);
    }
    await federation.startTask({
      minStake: parseEther("5"),
      stakeToken: token,
      slashRecipient: nodes[0]?.operator.address as Address,
      rewardUnit: parseEther("1"),
      rounds: 2,
      minNodes: 3,
    });
  });

  after(async () => fixture?.close());

  it("an operator leaves a running task, and is out of it from the next round on", async () => {
    const node = nodeAt(2);
    const visitor = await enter(node, "/tasks/2");
    const { page } = visitor;
    await page.getByRole("button", { name: "Leave task 2" }).click();
    await page.getByText("Your node leaves when the next round opens.").waitFor();
    await fixture.federation.playRound();
    await page.getByRole("button", { name: "Join task 2 with node 2" }).waitFor();
    expect((await fixture.federation.activeNodes()).map(({ nodeId }) => nodeId)).to.not.include(2);
    await page.getByRole("button", { name: "Claim 5 DEV" }).click();
    await confirmed(page, "Claim 5 DEV");
    await visitor.close();
  });

  it("stake is unbonded, told with the day on which it is due, and withdrawn when that has come", async () => {
    const node = nodeAt(2);
    const { contracts, connection } = fixture.federation;
    const visitor = await enter(node, "/nodes");
    const { page } = visitor;
    await page.getByText("90 days", { exact: true }).waitFor();
    await page.getByLabel("Amount in DEV").fill("6");
    await page.getByText("This is more than you can unbond: 5 DEV are bonded.").waitFor();
    expect(await page.getByRole("button", { name: "Unbond" }).isEnabled()).to.equal(false);
    await page.getByLabel("Amount in DEV").fill("3.5");
    await page.getByRole("button", { name: "Unbond" }).click();
    await page.getByText(/^3\.5 DEV on its way out, due \w/).waitFor();
    expect(await page.getByRole("button", { name: /^Withdraw/ }).count()).to.equal(0);

    await visitor.open("/work");
    await page.getByText(/3\.5 DEV unbonding, unlocks \w/).waitFor();
    await connection.networkHelpers.time.increase(90 * DAY);
    await page.getByRole("link", { name: "due: withdraw it" }).click();
    const before = await contracts.token.balanceOf(node.operator);
    await page.getByRole("button", { name: "Withdraw 3.5 DEV" }).click();
    await confirmed(page, "Withdraw 3.5 DEV");
    await page.getByText(/on its way out/).waitFor({ state: "detached" });
    expect((await contracts.token.balanceOf(node.operator)) - before).to.equal(parseEther("3.5"));
    await visitor.close();
  });

  it("members propose and vote to remove a node, whose operator still claims, unbonds and withdraws", async () => {
    const { contracts, connection } = fixture.federation;
    const expelled = nodeAt(4);
    const proposer = await enter(nodeAt(1), "/nodes");
    const row = proposer.page.getByRole("row").filter({ hasText: "Node 4" });
    await row.getByRole("button", { name: "Propose removal" }).click();
    await proposer.page.getByText("remove node 4 of").waitFor();
    await proposer.page.getByRole("button", { name: "Approve" }).click();
    await proposer.page.getByText("you approved").waitFor();
    for (const nodeId of [2, 3]) {
      const voter = await enter(nodeAt(nodeId), "/work");
      await voter.page.getByRole("button", { name: "Approve" }).click();
      await confirmed(voter.page, "Approve in vote 1");
      await voter.close();
    }
    await row.getByText("removed by vote").waitFor();
    await proposer.close();

    const visitor = await enter(expelled, "/work");
    const { page } = visitor;
    await page.getByText("Your node 4 is no member any more").waitFor();
    await page.getByRole("link", { name: "Task 2" }).click();
    await page.getByText("Your account operates no node any more.").waitFor();
    await page.getByRole("button", { name: "Claim 5 DEV" }).click();
    await confirmed(page, "Claim 5 DEV");
    await visitor.open("/work");
    await page.getByRole("link", { name: "Stake or unbond" }).click();
    await page.getByRole("heading", { name: "Stake of your former node 4" }).waitFor();
    expect(await page.getByRole("button", { name: "Stake", exact: true }).count()).to.equal(0);
    await page.getByLabel("Amount in DEV").fill("5");
    await page.getByRole("button", { name: "Unbond" }).click();
    await page.getByText(/^5 DEV on its way out/).waitFor();
    await connection.networkHelpers.time.increase(90 * DAY);
    await page.getByRole("button", { name: "Withdraw 5 DEV" }).click();
    await confirmed(page, "Withdraw 5 DEV");
    expect(await contracts.token.balanceOf(expelled.operator)).to.equal(parseEther("10"));
    await visitor.close();
  });

  it("an operator leaves the registry, and may ask to come back", async () => {
    const visitor = await enter(nodeAt(3), "/nodes");
    const { page } = visitor;
    await page.getByText("Leave the registry").first().click();
    await page.getByRole("button", { name: "Leave the registry" }).click();
    await page.getByRole("heading", { name: "Register a node" }).waitFor();
    await page.getByRole("row").filter({ hasText: "Node 3" }).getByText("left", { exact: true }).waitFor();
    expect(await fixture.federation.contracts.nodeRegistry.isMember(3)).to.equal(false);
    await visitor.close();
  });

  it("the publisher of an ended task takes back what nobody can earn any more", async () => {
    const { federation } = fixture;
    const { contracts, connection } = federation;
    // The scenario took longer than the task may.
    while ((await federation.status()).state === BigInt(TaskState.Running)) {
      await federation.advance();
      await connection.networkHelpers.time.increase(DAY);
    }
    const { privateKey } = HDNodeWallet.fromPhrase(HARDHAT_PHRASE);
    const publisher = new Wallet(privateKey, connection.ethers.provider);
    const refundable = await contracts.rewardLedger.refundable(2);
    expect(refundable > 0n).to.equal(true);
    const visitor = await fixture.visit(publisher);
    const { page } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    const before = await contracts.token.balanceOf(publisher);
    await page.getByRole("button", { name: /^Take back \d+ DEV$/ }).click();
    await confirmed(page, "Take back");
    await page.getByRole("row").filter({ hasText: "Task 2" }).getByText("nothing").waitFor();
    expect((await contracts.token.balanceOf(publisher)) - before).to.equal(refundable);
    await visitor.close();
  });

  function nodeAt(nodeId: number): TestNode {
    return fixture.federation.node(nodeId);
  }

  async function enter({ operator }: TestNode, path: string): Promise<Visitor> {
    const visitor = await fixture.visit(operator);
    await visitor.open(path);
    await connect(visitor);
    return visitor;
  }

  async function confirmed(page: Page, label: string): Promise<void> {
    const toast: Locator = page.locator("[data-state=confirmed]").filter({ hasText: label });
    await toast.waitFor();
  }
});
