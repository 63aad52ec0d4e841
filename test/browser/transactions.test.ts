import { expect } from "chai";
import type { TransactionRequest } from "ethers";
import type { Locator, Page } from "playwright-core";
import type { TestNode } from "../contracts/federation.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

/** Wei per gas that outbids what a wallet offers by itself. */
const HIGH_FEE = { maxFeePerGas: 200_000_000_000n, maxPriorityFeePerGas: 100_000_000_000n };

// The chain mines only when the test says so, so that what is pending can be seen and replaced.
describe("what becomes of a sent transaction, in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;
  let node: TestNode;
  let visitor: Visitor;
  let page: Page;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const [first] = fixture.federation.nodes;
    if (first === undefined) throw new Error("The federation has no node");
    node = first;
  });

  beforeEach(async () => {
    visitor = await fixture.visit(node.operator);
    ({ page } = visitor);
    await visitor.open("/nodes");
    await connect(visitor);
    await rpc("evm_setAutomine", false);
  });

  afterEach(async () => {
    if (fixture === undefined) return;
    await rpc("evm_setAutomine", true);
    await mine();
    await visitor.close();
  });

  after(async () => fixture?.close());

  it("one that its sender speeds up is confirmed at its new fee", async () => {
    await changeEndpoints("/ip4/127.0.0.1/tcp/20001/http");
    await replace({});
    await mine();
    await toast("repriced").getByText("Confirmed, at the fee that you changed in your wallet.").waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20001/http");
  });

  it("one that its sender cancels is told as cancelled, and can be sent again", async () => {
    const before = await endpoints();
    await changeEndpoints("/ip4/127.0.0.1/tcp/20002/http");
    await replace({ to: node.operator.address, data: "0x" });
    await mine();
    await toast("cancelled").getByText("You cancelled this in your wallet, so it was not done.").waitFor();
    expect(await endpoints()).to.equal(before);
    await submit().and(page.locator(":enabled")).click();
    await toast("pending").waitFor();
    await mine();
    await toast("confirmed").waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20002/http");
  });

  it("one that another takes the place of is told as not done", async () => {
    const { nodeRegistry } = fixture.federation.contracts;
    await changeEndpoints("/ip4/127.0.0.1/tcp/20003/http");
    const data = nodeRegistry.interface.encodeFunctionData("setEndpoints", ["/ip4/127.0.0.1/tcp/20004/http"]);
    await replace({ data });
    await mine();
    await toast("replaced")
      .getByText("Your wallet sent another transaction in its place, so this was not done.")
      .waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20004/http");
  });

  it("one that the contract refuses only when it is mined is told with the contract's reason", async () => {
    const { nodeRegistry } = fixture.federation.contracts;
    const [, second, third, fourth] = fixture.federation.nodes;
    if (!second || !third || !fourth) throw new Error("The federation has too few nodes");
    await rpc("evm_setAutomine", true);
    await nodeRegistry.connect(second.operator).proposeRemoval(fourth.nodeId);
    await rpc("evm_setAutomine", false);
    await page.getByRole("button", { name: "Reject" }).click();
    await toast("pending").waitFor();
    // The others' votes stand before it in the block, and end the vote.
    for (const voter of [second, third, fourth]) {
      await nodeRegistry.connect(voter.operator).vote(1, false, { ...HIGH_FEE, gasLimit: 500_000 });
    }
    await mine();
    await toast("failed")
      .getByText("The contract refused this when it was mined, so nothing changed but the fee is spent.")
      .waitFor();
    await toast("failed").getByText("This vote is over: rejected.").waitFor();
  });

  it("a reloaded page, and a second window, go on with what is pending, and send nothing twice", async () => {
    await changeEndpoints("/ip4/127.0.0.1/tcp/20005/http");
    await page.reload();
    await toast("pending").waitFor();
    const window = await visitor.context.newPage();
    await window.goto(page.url());
    for (const each of [page, window]) {
      await each.getByRole("button", { name: /^0x/ }).waitFor();
      await each.getByLabel("New endpoints").fill("/ip4/127.0.0.1/tcp/20006/http");
      expect(await each.getByRole("button", { name: "Under way…" }).isEnabled()).to.equal(false);
    }
    await mine();
    for (const each of [page, window]) {
      await each.locator("[data-state=confirmed]").waitFor();
      await submit(each).and(each.locator(":enabled")).waitFor();
    }
    expect(visitor.wallet?.sent).to.have.length(1);
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20005/http");
  });

  it("what was cancelled while no page looked is told at the next visit", async () => {
    await changeEndpoints("/ip4/127.0.0.1/tcp/20007/http");
    await page.goto("about:blank");
    await replace({ to: node.operator.address, data: "0x" });
    for (let block = 0; block < 5; block++) await mine();
    await visitor.open("/nodes");
    await toast("cancelled").waitFor();
    await page.reload();
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    expect(await page.locator("[data-state]").count()).to.equal(0);
  });

  it("while the endpoint is down a pending one is no failure, and is followed once it answers again", async () => {
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    try {
      fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
      await page.reload();
      await changeEndpoints("/ip4/127.0.0.1/tcp/20008/http");
      await proxy.down();
      await page.getByText("The network’s endpoint does not answer.").waitFor();
      await mine();
      expect(await toast("pending").count()).to.equal(1);
      await proxy.up();
      await toast("confirmed").waitFor();
    } finally {
      fixture.site.config = await fixture.config();
      await visitor.open("/tasks");
      await proxy.down();
    }
  });

  it("a page that is loaded again while the wallet asks finds what its owner then signs, and sends nothing twice", async () => {
    const { wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    const agreed = Promise.withResolvers<void>();
    wallet.beforeSending = () => agreed.promise;
    await page.getByLabel("New endpoints").fill("/ip4/127.0.0.1/tcp/20009/http");
    await submit().and(page.locator(":enabled")).click();
    await toast("signing").waitFor();
    await page.reload();
    await toast("asked").getByText("so it may have been sent").waitFor();
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    await page.getByLabel("New endpoints").fill("/ip4/127.0.0.1/tcp/20010/http");
    expect(await page.getByRole("button", { name: "Under way…" }).isEnabled()).to.equal(false);
    agreed.resolve();
    // Nothing is told of it before it is mined: only the wallet knows its hash.
    while (wallet.sent.length === 0) await new Promise((resolve) => void setImmediate(resolve));
    await mine();
    await toast("confirmed").waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20009/http");
    expect(wallet.sent).to.have.length(1);
    await page.reload();
    await page.getByRole("button", { name: /^0x/ }).waitFor();
    expect(await page.locator("[data-state]").count()).to.equal(0);
  });

  it("what a wallet sent without telling the page is found by its content, not sent again", async () => {
    const { wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    wallet.losesAnswers = true;
    await page.getByLabel("New endpoints").fill("/ip4/127.0.0.1/tcp/20011/http");
    await submit().and(page.locator(":enabled")).click();
    await toast("asked").waitFor();
    expect(await page.getByRole("button", { name: "Under way…" }).isEnabled()).to.equal(false);
    await mine();
    await toast("confirmed").waitFor();
    expect(wallet.sent).to.have.length(1);
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/20011/http");
  });

  function submit(where = page): Locator {
    return where.getByRole("button", { name: "Change the endpoints" });
  }

  function toast(state: string): Locator {
    return page.locator(`[data-state=${state}]`);
  }

  /** Sends a change of the node's endpoints from the page, which then waits for the chain. */
  async function changeEndpoints(value: string): Promise<void> {
    await page.getByLabel("New endpoints").fill(value);
    await submit().and(page.locator(":enabled")).click();
    await toast("pending").waitFor();
    // Only what the endpoint has shown can be told from what replaces it.
    await page.waitForFunction(() => Object.values(localStorage).some((text) => /seenAt/.test(text)));
  }

  /** Sends, from the same account and with the same nonce, what the page sent, changed, and at a higher fee. */
  async function replace(change: TransactionRequest): Promise<void> {
    const { provider } = fixture.federation.connection.ethers;
    const sent = await provider.getTransaction(visitor.wallet?.sent.at(-1) ?? "");
    if (sent === null) throw new Error("The wallet sent nothing");
    const { nonce, to, data, gasLimit } = sent;
    await node.operator.sendTransaction({ nonce, to, data, gasLimit, ...HIGH_FEE, ...change });
  }

  async function endpoints(): Promise<string> {
    return (await fixture.federation.contracts.nodeRegistry.node(node.nodeId)).endpoints;
  }

  async function mine(): Promise<void> {
    await rpc("evm_mine");
  }

  async function rpc(method: string, ...params: unknown[]): Promise<void> {
    await fixture.federation.connection.ethers.provider.send(method, params);
  }
});
