import { expect } from "chai";
import { parseEther } from "ethers";
import type { Page } from "playwright-core";
import type { Address } from "#protocol/ids";
import { DappFixture, connect, trustAll } from "./dappFixture.ts";

describe("what a step costs, told before the wallet is asked, in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    // Task 2 asks for no stake, task 3 does.
    const { federation } = fixture;
    await federation.publish();
    await federation.publish({
      minStake: parseEther("5"),
      stakeToken: (await federation.contracts.token.getAddress()) as Address,
      slashRecipient: federation.node(1).operator.address as Address,
    });
  });

  after(async () => fixture?.close());

  it("the network's fee: what the chain then charges is not above it, nor far below", async () => {
    const { connection } = fixture.federation;
    const visitor = await fixture.visit(fixture.federation.node(1).operator);
    const { page, wallet } = visitor;
    await visitor.open("/tasks/2");
    await connect(visitor);
    const note = page.getByText(/^Network fee: about [\d.]+ ETH; your account owns [\d.,]+ ETH\.$/);
    await note.waitFor();
    const shown = await exactFee(page);
    expect(wallet?.asked).to.not.include.members(["eth_sendTransaction", "eth_signTypedData_v4"]);
    await page.getByRole("button", { name: "Join task 2 with node 1" }).click();
    await page.getByRole("button", { name: "Leave task 2" }).waitFor();
    const receipt = await connection.ethers.provider.getTransactionReceipt(wallet?.sent.at(-1) ?? "");
    const charged = receipt?.fee ?? 0n;
    expect(charged <= shown, `${charged} of at most ${shown}`).to.equal(true);
    expect(charged * 2n > shown, `${charged} of about ${shown}`).to.equal(true);
    expect(await note.count(), "nothing is left to be paid for").to.equal(0);
    await visitor.close();
  });

  it("an account that owns less than that is told so", async () => {
    const { connection } = fixture.federation;
    const { operator } = fixture.federation.node(2);
    const visitor = await fixture.visit(operator);
    const { page, wallet } = visitor;
    await connection.networkHelpers.setBalance(operator.address, 1_000_000_000n);
    await visitor.open("/tasks/2");
    await connect(visitor);
    await page
      .getByText(/^Network fee: about .* your account owns 0\.000000001 ETH, which is too little\.$/)
      .waitFor();
    expect((await exactFee(page)) > 1_000_000_000n).to.equal(true);
    expect(wallet?.asked).to.not.include("eth_sendTransaction");
    await visitor.close();
  });

  it("a stake: its amount stands where the wallet is asked to sign, and exactly that is taken", async () => {
    const { contracts, node } = { contracts: fixture.federation.contracts, node: fixture.federation.node(3) };
    const { address } = node.operator;
    await contracts.token.mint(address, parseEther("12"));
    const visitor = await fixture.visit(node.operator);
    const { page, wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    await visitor.open("/tasks/3");
    await connect(visitor);
    await trustAll(visitor);
    await page.getByText("The task asks for 5 DEV more.").waitFor();
    wallet.declines = true;
    const stake = page.getByRole("button", { name: "Stake", exact: true });
    await stake.click();
    await page.locator("[data-state=failed]").getByText("Stake 5 DEV: sign the permit").waitFor();
    expect(wallet.asked.filter((method) => method === "eth_signTypedData_v4")).to.have.length(1);
    expect(wallet.asked).to.not.include("eth_sendTransaction");
    expect(await contracts.token.balanceOf(address)).to.equal(parseEther("12"));
    wallet.declines = false;
    await stake.and(page.locator(":enabled")).click();
    await page.locator("[data-state=confirmed]").filter({ hasText: "Stake 5 DEV" }).waitFor();
    expect(await contracts.token.balanceOf(address)).to.equal(parseEther("7"));
    expect(await contracts.token.allowance(address, contracts.stakeVault)).to.equal(0n);
    expect(wallet.sent).to.have.length(1);
    await visitor.close();
  });

  /** In wei, as the note's title has it to the last digit. */
  async function exactFee(page: Page): Promise<bigint> {
    const title = await page.getByText(/^Network fee/).getAttribute("title");
    const [, ether = ""] = /^([\d.]+) ETH$/.exec(title ?? "") ?? [];
    return parseEther(ether);
  }
});
