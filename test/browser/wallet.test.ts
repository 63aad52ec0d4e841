import { expect } from "chai";
import type { TestNode } from "../contracts/federation.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

describe("a wallet over reloads, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let node: TestNode;

  before(async function () {
    const opened = await DappFixture.open(1);
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const [first] = fixture.federation.nodes;
    if (first === undefined) throw new Error("The federation has no node");
    node = first;
  });

  after(async () => fixture?.close());

  it("stays connected however slow the machine is", async () => {
    const visitor = await fixture.visit(node.operator);
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
    const visitor = await fixture.visit(node.operator, { walletKind: { late: true } });
    const { page } = visitor;
    await visitor.open("/work");
    await connect(visitor);
    await page.reload();
    await page.getByRole("heading", { name: "My work" }).waitFor();
    await visitor.close();
  });

  it("stays away once its owner has disconnected it", async () => {
    const visitor = await fixture.visit(node.operator);
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

  describe("where there is none", () => {
    /** Opens a page as a phone or a computer does; from an https address, which the test answers with the site's files. */
    async function withoutWallet(options: { phone: boolean; https: boolean }): Promise<Visitor> {
      const visitor = await fixture.visit(undefined, { width: 360, phone: options.phone });
      const { page, context } = visitor;
      const { url } = fixture.site;
      if (options.https) {
        await context.route(`${HTTPS}**`, async (route) => {
          const response = await fetch(route.request().url().replace(HTTPS, url));
          await route.fulfill({
            status: response.status,
            contentType: response.headers.get("content-type") ?? "",
            body: Buffer.from(await response.arrayBuffer()),
          });
        });
      }
      await page.goto(`${options.https ? HTTPS : url}#/tasks?state=open`);
      await page.getByRole("button", { name: "Connect wallet" }).click();
      await page.getByText("No wallet was found in this browser.").waitFor();
      return visitor;
    }
    const HTTPS = "https://dapp.example/some/place/";
    const dialogLinks = ({ page }: Visitor) => page.getByRole("dialog").getByRole("link");

    it("on a phone, links open this very page in the browser of a wallet’s app", async () => {
      const visitor = await withoutWallet({ phone: true, https: true });
      const { page } = visitor;
      expect(page.url()).to.equal(`${HTTPS}#/tasks?state=open`);
      const link = page.getByRole("link", { name: "Coinbase Wallet" });
      const href = new URL((await link.getAttribute("href")) ?? "");
      expect(href.searchParams.get("cb_url")).to.equal(page.url());
      expect(await page.getByRole("link", { name: "MetaMask" }).getAttribute("href")).to.equal(
        "https://link.metamask.io/dapp/dapp.example/some/place/#/tasks?state=open",
      );
      expect(await dialogLinks(visitor).allTextContents()).to.deep.equal([
        "MetaMask",
        "Coinbase Wallet",
        "Trust Wallet",
      ]);
      await visitor.close();
    });

    it("on a computer there are none, but a word on phones", async () => {
      const visitor = await withoutWallet({ phone: false, https: true });
      await visitor.page.getByText("Your wallet is on a phone? Open this page there").waitFor();
      expect(await dialogLinks(visitor).count()).to.equal(0);
      await visitor.close();
    });

    it("a page that is not at an https address says why there are none", async () => {
      const visitor = await withoutWallet({ phone: true, https: false });
      await visitor.page.getByText("A wallet’s app on a phone opens only pages at https addresses").waitFor();
      expect(await dialogLinks(visitor).count()).to.equal(0);
      await visitor.close();
    });
  });
});
