import { expect } from "chai";
import type { Page } from "playwright-core";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";
import { withoutAges } from "./visitor.ts";

/** Pages whose text depends on the chain alone, not on the time left. */
const PATHS = ["/tasks", "/tasks/2?tab=rounds", "/tasks/2?tab=roster", "/tasks/2?tab=terms", "/audit"];
/** Milliseconds for two pages to come to the same text. */
const PATIENCE_MS = 20_000;

describe("a chain that takes blocks back, in the browser", function () {
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

  it("what a running round had is taken back, replaced, and played on, while the page is looked at", async () => {
    const { federation } = fixture;
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2");
    await page.getByText("0 of 4 updates").waitFor();
    const before = await snapshot();
    await federation.train(federation.nodes.slice(0, 3));
    await page.getByText("3 of 4 updates").waitFor();
    await revert(before);
    await page.getByText("0 of 4 updates").waitFor();
    await federation.train(federation.nodes.slice(3));
    await page.getByText("1 of 4 updates").waitFor();
    await federation.train(federation.nodes.slice(0, 3));
    await federation.aggregate();

    // The last report closes the round: after it, the round is another one.
    const negotiating = await snapshot();
    await federation.negotiate(() => [900, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
    await alphaOfRound2(page, "0.1").waitFor();
    await revert(negotiating);
    await federation.negotiate(() => [100, 100, 100, 900, 100, 100, 100, 100, 100, 100]);
    await alphaOfRound2(page, "0.4").waitFor();
    await equalsFreshLoad(visitor);
    await page.reload();
    await equalsFreshLoad(visitor);
    await visitor.close();
  });

  it("a task published in a block that is taken back is gone, and another one that takes its number is told instead", async () => {
    const { federation } = fixture;
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks");
    const before = await snapshot();
    await federation.publish({ rounds: 7 });
    await page.getByRole("link", { name: /Task 3 / }).click();
    await page.getByText("0 of 7", { exact: true }).waitFor();
    await revert(before);
    await page.getByRole("heading", { name: "There is no task 3 on this network" }).waitFor();
    const without = await snapshot();
    await federation.publish({ rounds: 9 });
    await page.getByText("0 of 9", { exact: true }).waitFor();
    await equalsFreshLoad(visitor, [...PATHS, "/tasks/3?tab=terms"]);
    await visitor.close();
    await revert(without);
  });

  it("what was taken back while the page was closed is not shown from the browser's store, nor kept in it", async () => {
    const { federation } = fixture;
    const visitor = await fixture.visit();
    const before = await snapshot();
    await federation.publish({ rounds: 7 });
    await visitor.open("/tasks");
    await visitor.page.getByText(/Task 3 /).waitFor();
    await visitor.page.close();
    await revert(before);
    await federation.connection.networkHelpers.mine(2);

    const page = await visitor.context.newPage();
    await page.goto(`${fixture.site.url}#/tasks`);
    const later = {
      ...visitor,
      page,
      open: async (path: string) => void (await page.goto(`${fixture.site.url}#${path}`)),
    };
    await equalsFreshLoad(later);
    expect(await page.getByText(/Task 3 /).count()).to.equal(0);
    for (const [number, hash] of await keptBlocks(page)) {
      expect(
        (await federation.connection.ethers.provider.getBlock(number))?.hash,
        `block ${number}`,
      ).to.equal(hash);
    }
    await visitor.close();
  });

  it("what the wallet had done and the chain took back is offered again, and done again", async () => {
    const { federation } = fixture;
    const [node] = federation.nodes;
    await federation.publish();
    const visitor = await fixture.visit(node?.operator);
    const { page } = visitor;
    await visitor.open("/tasks/3");
    await connect(visitor);
    const before = await snapshot();
    for (const last of [false, true]) {
      await page.getByRole("button", { name: "Join task 3 with node 1" }).click();
      await page.getByRole("button", { name: "Leave task 3" }).waitFor();
      if (!last) await revert(before);
    }
    await equalsFreshLoad(visitor, ["/tasks/3?tab=roster", "/audit"]);
    await visitor.close();
  });

  function send(method: string, ...params: unknown[]): Promise<string> {
    return fixture.federation.connection.ethers.provider.send(method, params) as Promise<string>;
  }

  function snapshot(): Promise<string> {
    return send("evm_snapshot");
  }

  /** Takes blocks back, and goes on as a chain does: the new branch is as long as the old one. */
  async function revert(id: string): Promise<void> {
    const longest = Number(await send("eth_blockNumber"));
    expect(await send("evm_revert", id)).to.equal(true);
    const missing = longest - Number(await send("eth_blockNumber"));
    await fixture.federation.connection.networkHelpers.mine(missing);
  }

  /** What the page says is what somebody reads who comes only now. */
  async function equalsFreshLoad(visitor: Visitor, paths = PATHS): Promise<void> {
    const fresh = await fixture.visit();
    for (const path of paths) {
      await Promise.all([visitor.open(path), fresh.open(path)]);
      const until = performance.now() + PATIENCE_MS;
      let texts: string[];
      do {
        texts = await Promise.all(
          [visitor.page, fresh.page].map(async (page) => withoutAges(await page.locator("main").innerText())),
        );
      } while (texts[0] !== texts[1] && performance.now() < until);
      expect(texts[0], path).to.equal(texts[1]);
    }
    await fresh.close();
  }
});

function alphaOfRound2(page: Page, alpha: string) {
  return page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "Round 2, the last one finalised" }) })
    .getByText(alpha, { exact: true });
}

/** Number and hash of each block whose events the browser keeps. */
function keptBlocks(page: Page): Promise<[number, string][]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error));
      });
    const database = await done(indexedDB.open("concordat-events"));
    const [store = ""] = database.objectStoreNames;
    const rows: { to: number; toHash: string; logs: { blockNumber: number; blockHash: string }[] }[] =
      await done(database.transaction(store).objectStore(store).getAll());
    return rows.flatMap(({ to, toHash, logs }) => [
      [to, toHash] as [number, string],
      ...logs.map(({ blockNumber, blockHash }) => [blockNumber, blockHash] as [number, string]),
    ]);
  });
}
