import { expect } from "chai";
import { Wallet, id, parseEther } from "ethers";
import { AggregationRule, TaskState } from "#protocol/contracts/enums";
import { escrowOf } from "#protocol/rules/rewardSchedule";
import { termsFromAbi, type AbiTerms } from "#protocol/terms/taskTerms";
import { fund } from "../contracts/federation.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

describe("publishing and deciding in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
  });

  after(async () => fixture?.close());

  it("a publisher's draft survives a reload, a refusal of the wallet sends nothing, and the task is what the wizard said", async () => {
    const { contracts, connection } = fixture.federation;
    const publisher = new Wallet(id("a publisher"), connection.ethers.provider);
    await fund(connection, publisher.address);
    await contracts.token.mint(publisher.address, parseEther("1000"));
    const visitor = await fixture.visit(publisher);
    const { page, wallet } = visitor;
    await visitor.open("/publish");
    await connect(visitor);
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByLabel("Name").fill("Digits of the valley");
    await page.reload();
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    expect(await page.getByLabel("Name").inputValue()).to.equal("Digits of the valley");

    await page.getByRole("button", { name: /Committee and robustness/ }).click();
    await page.getByLabel("Aggregation rule").selectOption("krum");
    await page.getByLabel("Faulty updates tolerated (f)").fill("1");
    await page
      .getByText(
        "To tolerate 1 faulty updates this rule needs 5, but the quorum of the fewest nodes guarantees only 3.",
      )
      .waitFor();
    await page.getByLabel("Aggregation rule").selectOption("median");
    await page.getByLabel("Faulty updates tolerated (f)").fill("0");

    await page.getByRole("button", { name: /Confirm/ }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await page.getByLabel("The files are in a node’s store").check();
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    wallet.declines = true;
    await page.getByRole("button", { name: "Publish the task" }).click();
    await page.getByText("You declined this in your wallet. Nothing was sent.").waitFor();
    expect(await contracts.taskRegistry.taskCount()).to.equal(1n);

    wallet.declines = false;
    await page.getByRole("button", { name: "Publish the task" }).click();
    await page.getByRole("heading", { name: "Task 2" }).waitFor();
    const terms = termsFromAbi((await contracts.taskRegistry.terms(2)) as unknown as AbiTerms);
    expect(terms).to.include({
      rounds: 5,
      minNodes: 4,
      maxNodes: 10,
      quorumBps: 6700,
      gammaBps: 3000,
      alphaLowerBps: 5000,
      alphaUpperBps: 8000,
      aggregationRule: AggregationRule.Median,
      arbiter: publisher.address,
    });
    const spent = parseEther("1000") - (await contracts.token.balanceOf(publisher));
    expect(spent).to.equal(escrowOf(terms));
    expect(await contracts.token.allowance(publisher, contracts.taskRegistry)).to.equal(0n);
    expect(visitor.faults).to.deep.equal([]);

    await page.getByRole("button", { name: /^Cancel task 2/ }).click();
    await page.getByText("Cancelled", { exact: true }).first().waitFor();
    expect((await contracts.taskRegistry.status(2)).state).to.equal(BigInt(TaskState.Cancelled));
    expect(await contracts.token.balanceOf(publisher)).to.equal(parseEther("1000"));
    await visitor.close();
  });

  it("an applicant asks, members vote, and a vote that came too late is told in plain words", async () => {
    const { federation } = fixture;
    const applicant = new Wallet(id("an applicant"), federation.connection.ethers.provider);
    await fund(federation.connection, applicant.address);
    const newcomer = await fixture.visit(applicant);
    await newcomer.open("/nodes");
    await connect(newcomer);
    await newcomer.page.getByRole("button", { name: "Ask for admission" }).click();
    await newcomer.page.getByText(/Vote 1 on your admission is open: 0 of 3/).waitFor();

    const [first, second, third, fourth] = federation.nodes;
    if (!first || !second || !third || !fourth) throw new Error("The federation has too few nodes");
    const member = await memberAt(first.operator);
    const late = await memberAt(fourth.operator);
    await member.page.getByRole("button", { name: "Approve" }).click();
    await member.page.getByText("you approved").waitFor();
    await late.page.getByText("1 for, 0 against, of 4 members; 3 decide.").waitFor();
    // The late one's page stands still while the others decide.
    await late.page.route(fixture.rpcUrl, async (route) => {
      const body = route.request().postData() ?? "";
      await (body.includes("eth_getLogs") ? route.abort() : route.continue());
    });
    const { nodeRegistry } = federation.contracts;
    await nodeRegistry.connect(second.operator).vote(1, true);
    await nodeRegistry.connect(third.operator).vote(1, true);
    await late.page.getByRole("button", { name: "Reject" }).click();
    await late.page.getByText("This vote is over: passed.").waitFor();
    await newcomer.page.getByRole("heading", { name: "Your node 5" }).waitFor();
    expect(late.wallet?.asked).to.not.include("eth_sendTransaction");
    for (const visitor of [newcomer, member, late]) await visitor.close();
  });

  it("on another network the page offers to switch and sends nothing until then; an unused allowance can be revoked", async () => {
    const { contracts, nodes } = fixture.federation;
    const [node] = nodes;
    if (node === undefined) throw new Error("The federation has no node");
    await contracts.token.connect(node.operator).approve(contracts.stakeVault, parseEther("7"));
    const visitor = await fixture.visit(node.operator);
    const { page, wallet } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    await page.getByText("StakeVault may take 7 DEV").waitFor();
    wallet.chainId = 1;
    await page.reload();
    await page.getByRole("button", { name: "Wrong network" }).click();
    expect(await page.getByRole("button", { name: "Revoke" }).isEnabled()).to.equal(false);
    await page.getByRole("button", { name: "Switch to test network" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Revoke" }).and(page.locator(":enabled")).click();
    await page.getByText("StakeVault may take no DEV").waitFor();
    expect(await contracts.token.allowance(node.operator, contracts.stakeVault)).to.equal(0n);
    await visitor.close();
  });

  async function memberAt(operator: Wallet): Promise<Visitor> {
    const visitor = await fixture.visit(operator);
    await visitor.open("/nodes");
    await connect(visitor);
    await visitor.page.getByText("Vote 1:").waitFor();
    return visitor;
  }
});
