import { expect } from "chai";
import { parseEther } from "ethers";
import { DappFixture, connect, trustAll } from "./dappFixture.ts";

describe("taking part in the browser", function () {
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

  it("an operator stakes by permit, joins, plays, claims, unbonds and leaves, and nothing is sent twice", async () => {
    const { federation } = fixture;
    const { contracts, nodes } = federation;
    const [node] = nodes;
    if (node === undefined) throw new Error("The federation has no node");
    const token = await contracts.token.getAddress();
    const stake = parseEther("5");
    await contracts.token.mint(node.operator.address, stake);
    await federation.publish({
      minStake: stake,
      stakeToken: token as never,
      slashRecipient: node.operator.address as never,
      rewardUnit: parseEther("1"),
    });
    const visitor = await fixture.visit(node.operator);
    const { page, wallet } = visitor;
    await visitor.open("/tasks/2");
    await connect(visitor);
    await trustAll(visitor);

    await page.getByRole("button", { name: "Stake", exact: true }).click();
    await page
      .getByRole("button", { name: "Join task 2 with node 1" })
      .and(page.locator(":enabled"))
      .waitFor();
    expect(await contracts.stakeVault.stakeOf(1, token)).to.equal(stake);
    expect(await contracts.token.allowance(node.operator, contracts.stakeVault)).to.equal(0n);
    expect(wallet?.asked.filter((method) => method === "eth_sendTransaction")).to.have.length(1);

    await page.getByRole("button", { name: "Join task 2 with node 1" }).dblclick();
    await page.getByRole("button", { name: "Leave task 2" }).waitFor();
    expect(wallet?.asked.filter((method) => method === "eth_sendTransaction")).to.have.length(2);

    await page.getByRole("button", { name: "Start task 2" }).click();
    await page.getByText("Round 1", { exact: true }).waitFor();
    await federation.playRound();
    await page.getByRole("button", { name: "Claim 5 " }).click();
    await page.locator("[data-state=confirmed]").filter({ hasText: "Claim 5" }).waitFor();
    expect(await contracts.token.balanceOf(node.operator)).to.equal(parseEther("5"));
    await page.getByRole("button", { name: "Leave task 2" }).click();
    await page.getByText("Your node leaves when the next round opens.").waitFor();

    await visitor.open("/nodes");
    await page.getByLabel(/^Amount in/).fill("2");
    await page.getByRole("button", { name: "Unbond" }).click();
    await page.getByText(/2 DEV on its way out/).waitFor();
    await visitor.close();
  });
});
