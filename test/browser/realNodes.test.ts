import { expect } from "chai";
import { encode } from "fast-png";
import { digits } from "../../oracle-nodes/src/learning/digits.ts";
import { createEngine } from "../../oracle-nodes/src/learning/engine.ts";
import { decodeArtifact } from "../../protocol/artifact.ts";
import { digest } from "../../protocol/ids.ts";
import { LocalFederation } from "../integration/localFederation.ts";
import { chromiumPath, launchBrowser } from "./browser.ts";
import { serveSite, type Site } from "./site.ts";
import type { Browser, Page } from "playwright-core";

describe("watching four real nodes in the browser", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  let browser: Browser;
  let site: Site;
  let page: Page;

  before(async function () {
    const executable = chromiumPath();
    if (executable === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    [federation, browser, site] = await Promise.all([
      LocalFederation.start({ nodes: 4 }),
      launchBrowser(executable),
      serveSite(),
    ]);
    for (const node of federation.nodes) federation.startNode(node);
    const rpcUrls = [federation.chain.provider._getConnection().url];
    const network = { rpcUrls, addressBook: federation.book, pollMs: 150 };
    site.config = { format: "concordat/dapp/1", networks: [network] };
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
  });

  after(async () => {
    await browser?.close();
    await site?.close();
    await federation?.close();
  });

  it("rounds appear as they happen, until the task is completed, without a reload", async () => {
    await page.goto(`${site.url}#/tasks`);
    await page.getByText("No task has been published yet.").waitFor();
    const task = await federation.publish({ rounds: 2 });
    await page.getByRole("link", { name: /Task 1/ }).click();
    await page.getByText("Open to join").first().waitFor();
    await federation.join(task);
    await page.getByText("The task ended after 2 rounds because all rounds are done.").waitFor();
    await page.getByRole("heading", { name: "digits" }).waitFor();
    await page.getByRole("link", { name: "Roster" }).click();
    expect(await page.getByText("2 of 2").count()).to.equal(4);
  });

  it("the final model is fetched from the nodes, and says of an image in the page what a node's engine says", async () => {
    await page.getByRole("link", { name: "Model" }).click();
    await page.getByRole("button", { name: "Fetch the model" }).click();
    await page.getByRole("button", { name: /Save as safetensors/ }).waitFor();
    const { test: split, inputShape, classes, mean, std } = digits();
    const [height = 0, width = 0] = inputShape;
    const pixels = split.features.slice(0, height * width) as Uint8Array;
    const image = encode({ width, height, data: pixels, channels: 1, depth: 8 });
    await page
      .getByLabel("An image of yours")
      .setInputFiles({ name: "digit.png", mimeType: "image/png", buffer: Buffer.from(image) });
    const said = Number(await page.getByText("The model says").locator("strong").textContent());

    const { aggregate } = await federation.chain.roundOf(1 as never);
    const providers = federation.nodes.map(
      async ({ nodeId }) => (await federation.chain.node(nodeId)).endpoints,
    );
    const bytes = await federation.store.get(digest(aggregate), {
      maxBytes: 1 << 24,
      timeoutMs: 10_000,
      providers: await Promise.all(providers),
    });
    const specs = federation.manifest.model.tensors;
    const { tensors } = decodeArtifact(bytes, { specs, role: "global" });
    const engine = await createEngine("auto");
    const model = await engine.load(federation.manifest.model, inputShape, classes);
    const labels = Uint8Array.of(said);
    const sample = { split: { features: pixels, labels, count: 1 }, indices: [0], inputShape, mean, std };
    const { correct } = await model.evaluate(tensors, sample);
    model.dispose();
    expect(correct).to.equal(1);
  });

  it("the global models are made again in the page from the nodes' updates, bit for bit", async () => {
    await page.goto(`${site.url}#/audit?task=1&round=2`);
    await page.getByLabel(/Make each global model again/).check();
    await page.getByRole("button", { name: "Recompute round 2 of task 1 here" }).click();
    await page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
    const row = page
      .getByRole("row")
      .filter({ has: page.getByRole("rowheader", { name: "aggregate.model" }) });
    expect(await row.first().innerText()).to.contain("agrees");
  });
});
