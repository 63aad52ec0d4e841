import { expect } from "chai";
import type { Page } from "playwright-core";
import { DappFixture } from "./dappFixture.ts";

/** What the page counts for this test. */
interface Counted {
  drawn: number;
  changed: number;
}

describe("charts, in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { federation } = fixture;
    await federation.startTask({ rounds: 5 });
    await federation.playRound();
    await federation.playRound();
  });

  after(async () => fixture?.close());

  it("are not drawn again while nothing that they show has changed, and are when a round comes", async () => {
    const { federation } = fixture;
    const visitor = await fixture.visit();
    const { page } = visitor;
    await page.addInitScript(countDrawings);
    await visitor.open("/tasks/2?tab=curves");
    await page.locator(".chart canvas").nth(3).waitFor();
    await readUpToHead(page);
    expect((await counted(page)).drawn, "the measure sees the first drawing").to.be.at.least(4);
    await page.evaluate(watchCharts, ".chart");
    for (let block = 0; block < 4; block++) {
      await federation.connection.networkHelpers.mine();
      await readUpToHead(page);
    }
    // Events, but none of this task's curves.
    await federation.contracts.nodeRegistry.connect(federation.node(1).operator).proposeRemoval(4);
    await readUpToHead(page);
    await federation.train();
    await readUpToHead(page);
    expect(await counted(page)).to.deep.equal({ drawn: 0, changed: 0 });
    await federation.aggregate();
    await federation.negotiate();
    await page
      .getByRole("img", { name: /over 3 points/ })
      .first()
      .waitFor();
    await page.waitForFunction(() => (globalThis as unknown as { counted: Counted }).counted.drawn > 0);
    await visitor.close();
  });

  it("nor is the line of scores in the list of tasks", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks");
    const line = page.getByRole("img", { name: "Mean score of each round" });
    await line.waitFor();
    const path = await line.locator("path").getAttribute("d");
    await page.evaluate(watchCharts, "svg.sparkline");
    for (let block = 0; block < 4; block++) {
      await fixture.federation.connection.networkHelpers.mine();
      await readUpToHead(page);
    }
    expect((await counted(page)).changed).to.equal(0);
    await fixture.federation.playRound();
    await page.waitForFunction(
      (before) => document.querySelector("svg.sparkline path")?.getAttribute("d") !== before,
      path,
    );
    expect((await counted(page)).changed, "the measure sees a change").to.be.above(0);
    await visitor.close();
  });

  it("a node keeps its colour over rounds, reloads and tasks, whatever its place in them, and no two share one", async () => {
    const { federation } = fixture;
    const visitor = await fixture.visit();
    const { page } = visitor;
    const before = await colours(page, 2, 4);
    expect(new Set(Object.values(before)).size).to.equal(4);
    await federation.playRound();
    await page.reload();
    expect(await colours(page, 2, 4)).to.deep.equal(before);
    await federation.startTask({ rounds: 2 }, [federation.node(4), federation.node(2)]);
    await federation.playRound();
    const { "node 2": second, "node 4": fourth } = before;
    expect(await colours(page, Number(federation.taskId), 2)).to.deep.equal({
      "node 2": second,
      "node 4": fourth,
    });
    await visitor.close();
  });

  /** The colour of each node's line, which must be the same in every chart of the task. */
  async function colours(page: Page, taskId: number, nodes: number): Promise<Record<string, string>> {
    await page.goto(`${fixture.site.url}#/tasks/${taskId}?tab=curves`);
    await readUpToHead(page);
    const entries = page.locator(".chart-legend span", { hasText: /^node \d+$/ });
    await entries.nth(3 * nodes - 1).waitFor();
    const pairs = await entries.evaluateAll((list) =>
      list.map(
        (each) => [each.textContent ?? "", (each as HTMLElement).style.getPropertyValue("--swatch")] as const,
      ),
    );
    expect(new Set(pairs.map((pair) => pair.join())).size).to.equal(nodes);
    return Object.fromEntries(pairs);
  }

  async function readUpToHead(page: Page): Promise<void> {
    const head = await fixture.federation.connection.ethers.provider.getBlockNumber();
    await page
      .getByTestId("sync")
      .getByText(new RegExp(`^as of block ${head}\\b`))
      .waitFor();
    // What a new block changes is rendered a moment after it is told.
    await page.evaluate(
      () => new Promise((painted) => void requestAnimationFrame(() => requestAnimationFrame(painted))),
    );
  }

  function counted(page: Page): Promise<Counted> {
    return page.evaluate(() => (globalThis as unknown as { counted: Counted }).counted);
  }
});

/** In the page: counts how often a canvas is begun anew. */
function countDrawings(): void {
  const counted = { drawn: 0, changed: 0 };
  Object.assign(globalThis, { counted });
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function clear(...area) {
    counted.drawn++;
    clearRect.apply(this, area);
  };
}

/** In the page: counts from now on what changes in these elements. */
function watchCharts(selector: string): void {
  const page = globalThis as unknown as { counted?: Counted };
  const counted = Object.assign((page.counted ??= { drawn: 0, changed: 0 }), { drawn: 0, changed: 0 });
  const observer = new MutationObserver((changes) => {
    counted.changed += changes.length;
  });
  const found = document.querySelectorAll(selector);
  if (found.length === 0) throw new Error(`There is no ${selector}`);
  for (const each of found)
    observer.observe(each, { subtree: true, childList: true, attributes: true, characterData: true });
}
