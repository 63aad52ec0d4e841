import { expect } from "chai";
import type { Page } from "playwright-core";
import { DappFixture } from "./dappFixture.ts";

const EXPLORER = "https://explorer.example/sepolia";
const LINKS = 'a[href*="/tx/"], a[href*="/address/"], a[href*="/block/"]';

describe("links to a block explorer, and times in the reader's language, in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    await fixture.federation.startTask();
    await fixture.federation.playRound();
  });

  after(async () => fixture?.close());

  it("lead to the account, transaction and block that they stand for, and are asked for by nobody but the reader", async () => {
    fixture.site.config = await fixture.config({ explorerUrl: `${EXPLORER}/` });
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/nodes");
    const operators = fixture.federation.nodes.map(
      ({ operator }) => `${EXPLORER}/address/${operator.address}`,
    );
    expect(await hrefs(page)).to.include.members(operators);

    await openEvent(page);
    const event = page.locator(".events details[open]");
    const block = await event.getByRole("link", { name: /^block \d+$/ }).getAttribute("href");
    const transaction = await event.locator('a[href*="/tx/"]').getAttribute("href");
    const [, hash = ""] = new RegExp(`^${EXPLORER}/tx/(0x[0-9a-f]{64})$`).exec(transaction ?? "") ?? [];
    const receipt = await fixture.federation.connection.ethers.provider.getTransactionReceipt(hash);
    expect(block).to.equal(`${EXPLORER}/block/${receipt?.blockNumber}`);

    const links = page.locator(LINKS);
    for (const link of await links.all()) {
      expect(await link.getAttribute("rel")).to.contain("noreferrer");
      expect(await link.getAttribute("target")).to.equal("_blank");
    }
    expect([...visitor.origins]).to.not.include("https://explorer.example");
    await visitor.close();
  });

  it("are not there where no explorer is configured", async () => {
    fixture.site.config = await fixture.config();
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/nodes");
    await page.getByText("Node 4", { exact: true }).waitFor();
    expect(await page.locator(LINKS).count()).to.equal(0);
    await openEvent(page);
    await page
      .locator(".events details[open]")
      .getByText(/ in block \d+$/)
      .waitFor();
    expect(await page.locator(LINKS).count()).to.equal(0);
    await visitor.close();
  });

  it("are refused where the configuration names no page of the web, or one that others could change on the way", async () => {
    const visitor = await fixture.visit();
    for (const [explorerUrl, sentence] of [
      ["javascript:alert(1)", /explorerUrl must be an address that begins with/],
      ["http://explorer.example", /explorerUrl must be an address that begins with https:\/\//],
    ] as const) {
      fixture.site.config = await fixture.config({ explorerUrl });
      await visitor.page.goto("about:blank");
      await visitor.page.goto(`${fixture.site.url}#/nodes`);
      await visitor.page.getByRole("alert").filter({ hasText: sentence }).waitFor();
    }
    fixture.site.config = await fixture.config();
    await visitor.close();
  });

  for (const [locale, zone] of [
    ["de-DE", "Europe/Berlin"],
    ["ar-EG", "Africa/Cairo"],
    ["en-US", "America/St_Johns"],
  ] as const) {
    it(`a reader in ${zone} who reads ${locale} is told the time that is there, and how long ago by the chain`, async () => {
      const visitor = await fixture.visit(undefined, { locale, zone, width: 360 });
      const { page } = visitor;
      await visitor.open("/audit");
      await openEvent(page);
      const time = page.locator(".events details[open] time");
      const at = Date.parse((await time.getAttribute("datetime")) ?? "") / 1000;
      const format = new Intl.DateTimeFormat(locale, {
        dateStyle: "medium",
        timeStyle: "short",
        timeZone: zone,
      });
      const plain = (text: string): string => text.replaceAll(/\s/g, " ");
      expect(plain(await time.innerText())).to.contain(plain(format.format(at * 1000)));
      // By the chain's clock, whatever that of the machine says.
      await fixture.federation.connection.networkHelpers.time.increase(3 * 86_400);
      const days = Math.floor(((await fixture.federation.now()) - at) / 86_400);
      expect(days).to.be.at.least(3);
      await page
        .getByText(new RegExp(`\\(${days} days( [\\da-z ]+)? ago\\)`))
        .first()
        .waitFor();
      await visitor.close();
    });
  }

  /** Opens the newest event of the audit's list. */
  async function openEvent(page: Page): Promise<void> {
    await page.goto(`${fixture.site.url}#/audit`);
    await page.locator(".events summary").first().click();
    await page.locator(".events details[open] time").waitFor();
  }

  function hrefs(page: Page): Promise<(string | null)[]> {
    return page.locator(LINKS).evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  }
});
