import { expect } from "chai";
import { HDNodeWallet, Wallet, id } from "ethers";
import { fund } from "../contracts/federation.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

/** Of the accounts that Hardhat funds; the first one publishes. */
const HARDHAT_PHRASE = "test test test test test test test test test test test junk";

describe("the landing page's next step for each who comes, in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    await fixture.federation.publish();
  });

  after(async () => fixture?.close());

  it("who has no wallet is told where one is needed, and that reading needs none", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await follow(visitor, "See the nodes and register yours");
    await page.getByRole("heading", { name: "Nodes", level: 1 }).waitFor();
    await page
      .getByText("Connect the wallet of the account that is to operate it. Reading needs none.")
      .waitFor();
    await follow(visitor, "See what awaits you");
    await page.getByText("Connect the wallet of a node’s operator or of a publisher to see it.").waitFor();
    await page.getByRole("link", { name: "What this is, and where to begin" }).click();
    await page.getByRole("heading", { name: /^Federated learning/, level: 1 }).waitFor();
    await page.getByRole("link", { name: /^Task 2/ }).click();
    await page.getByText("Connect a wallet to join, to claim, or to move this task on.").waitFor();
    await visitor.close();
  });

  it("who has a wallet and no node registers one, or publishes", async () => {
    const { connection } = fixture.federation;
    const stranger = new Wallet(id("a stranger"), connection.ethers.provider);
    await fund(connection, stranger.address);
    const visitor = await enter(stranger);
    const { page } = visitor;
    await follow(visitor, "See what awaits you");
    await page.getByText("Your account operates no node.").waitFor();
    await page.getByRole("link", { name: "Register one" }).click();
    await page.getByRole("heading", { name: "Register a node" }).waitFor();
    await page.getByRole("button", { name: "Ask for admission" }).waitFor();
    await follow(visitor, "See what awaits you");
    await page.getByRole("link", { name: "publish a task" }).click();
    await page.getByRole("heading", { name: "Publish a task", level: 1 }).waitFor();
    await visitor.close();
  });

  it("who operates a node sees what awaits it, and goes on to the task", async () => {
    const visitor = await enter(fixture.federation.node(1).operator);
    const { page } = visitor;
    await follow(visitor, "See what awaits you");
    const waiting = page
      .locator("section")
      .filter({ has: page.getByRole("heading", { name: "What awaits you" }) });
    await waiting.getByText(/^Task 2 is open to join until /).waitFor();
    await waiting.getByRole("link", { name: "Task 2", exact: true }).click();
    await page.getByRole("button", { name: "Join task 2 with node 1" }).waitFor();
    await visitor.close();
  });

  it("who publishes begins a draft, and finds again what was published", async () => {
    const { privateKey } = HDNodeWallet.fromPhrase(HARDHAT_PHRASE);
    const publisher = new Wallet(privateKey, fixture.federation.connection.ethers.provider);
    const visitor = await enter(publisher);
    const { page } = visitor;
    await follow(visitor, "Publish a task");
    await page.getByRole("button", { name: "Try it out" }).waitFor();
    await follow(visitor, "See what awaits you");
    const own = page.getByRole("table", { name: "Tasks you published" });
    await own.getByRole("link", { name: "Task 2" }).click();
    await page.getByRole("button", { name: /^Cancel task 2/ }).waitFor();
    await visitor.close();
  });

  it("who audits reads every event, and computes again, without a wallet", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await follow(visitor, "Look for yourself");
    await page.getByRole("heading", { name: "Audit", level: 1 }).waitFor();
    const { provider } = fixture.federation.connection.ethers;
    await page
      .getByTestId("sync")
      .getByText(new RegExp(`^as of block ${await provider.getBlockNumber()}\\b`))
      .waitFor();
    expect(await page.locator(".events > li").count()).to.be.greaterThan(0);
    await page.getByRole("button", { name: "Recompute all tasks here" }).click();
    await page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
    await visitor.close();
  });

  async function enter(signer: Wallet): Promise<Visitor> {
    const visitor = await fixture.visit(signer);
    await visitor.open("/");
    await connect(visitor);
    return visitor;
  }

  /** From the landing page by one of its links. */
  async function follow(visitor: Visitor, name: string): Promise<void> {
    await visitor.open("/");
    await visitor.page.getByRole("link", { name, exact: true }).click();
  }
});
