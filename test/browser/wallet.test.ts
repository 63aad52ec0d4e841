import { expect } from "chai";
import type { TestNode } from "../contracts/federation.ts";
import { Stage, connect } from "./stage.ts";

describe("a wallet over reloads, in the browser", function () {
  this.timeout(180_000);
  let stage: Stage;
  let node: TestNode;

  before(async function () {
    const opened = await Stage.open(1);
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    stage = opened;
    const [first] = stage.federation.nodes;
    if (first === undefined) throw new Error("The federation has no node");
    node = first;
  });

  after(async () => stage?.close());

  it("stays connected however slow the machine is", async () => {
    const visitor = await stage.visit(node.operator);
    const { page, context } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    for (let reload = 0; reload < 2; reload++) {
      await page.reload();
      await page.getByRole("heading", { name: "My work" }).waitFor();
    }
    await visitor.close();
  });

  it("stays connected where it announces itself only after the page asked", async () => {
    const visitor = await stage.visit(node.operator, { walletKind: { late: true } });
    const { page } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    await page.reload();
    await page.getByRole("heading", { name: "My work" }).waitFor();
    await visitor.close();
  });

  it("stays away once its owner has disconnected it", async () => {
    const visitor = await stage.visit(node.operator);
    const { page, wallet } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    await page.getByRole("button", { name: /^0x/ }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
    wallet?.asked.splice(0);
    await page.reload();
    await page.getByText("Connect the wallet of a node’s operator").waitFor();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
    expect(wallet?.asked).to.deep.equal([]);
    await visitor.close();
  });

  it("where there is none, links open this very page in the browser of a wallet’s app", async () => {
    const visitor = await stage.visit(undefined, { width: 360 });
    const { page } = visitor;
    await visitor.open("/tasks?state=open");
    await page.getByRole("button", { name: "Connect wallet" }).click();
    const link = page.getByRole("link", { name: "Coinbase Wallet" });
    const href = new URL((await link.getAttribute("href")) ?? "");
    expect(href.searchParams.get("cb_url")).to.equal(page.url());
    const metamask = await page.getByRole("link", { name: "MetaMask" }).getAttribute("href");
    expect(metamask).to.equal(`https://metamask.app.link/dapp/${page.url().replace("http://", "")}`);
    await visitor.close();
  });
});
