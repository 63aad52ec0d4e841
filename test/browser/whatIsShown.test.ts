import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { buildDag } from "#protocol/artifacts/contentAddress";
import { serveBlocks } from "./hostile.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture, type Visitor } from "./dappFixture.ts";

/** What stands for the models of the rounds: the page checks digests, and nothing else, before it saves one. */
const MODELS = [1, 2, 3].map((round) => new Uint8Array(2000 + round).fill(round));

describe("what the page shows is what there is, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let closeModels: () => Promise<void>;
  let digests: readonly string[];

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { federation } = fixture;
    const dags = await Promise.all(MODELS.map((bytes) => buildDag(bytes)));
    digests = dags.map(({ digest }) => digest);
    const host = await serveBlocks(dags.flatMap(({ blocks }) => blocks));
    closeModels = host.close;
    await federation.contracts.nodeRegistry.connect(federation.node(2).operator).setEndpoints(host.endpoints);
    await federation.startTask({ rounds: 5 });
    await federation.playRound(undefined, { digest: digests[0] ?? "" });
  });

  after(async () => {
    await closeModels?.();
    await fixture?.close();
  });

  it("a model that was fetched keeps its round and its digest when another round comes, and is never another task’s", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2?tab=model");
    await page.getByRole("button", { name: "Fetch the model" }).click();
    await page.getByRole("button", { name: /^Save as safetensors/ }).waitFor();
    await fixture.federation.playRound(undefined, { digest: digests[1] ?? "" });
    await page.getByText("Round 2 was finalised meanwhile; what is here is the model of round 1.").waitFor();
    await page.getByRole("heading", { name: "The global model after round 1" }).waitFor();
    expect(await page.locator(`[title="${digests[0]}"]`).count()).to.equal(1);
    expect(await savedModel(visitor)).to.deep.equal([1, MODELS[0]]);
    await page.getByRole("button", { name: "Fetch that of round 2" }).click();
    await page.getByRole("heading", { name: "The global model after round 2" }).waitFor();
    expect(await page.locator(`[title="${digests[1]}"]`).count()).to.equal(1);
    expect(await savedModel(visitor)).to.deep.equal([2, MODELS[1]]);
    await visitor.open(`/tasks/${fixture.hostile.taskId}?tab=model`);
    await page.getByText("The first global model comes with the first finalised round.").waitFor();
    await visitor.close();
  });

  it("a verdict stands only beside what it is about, says up to which block, and tells what could only be read", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/audit?task=2&round=1");
    await page.getByRole("button", { name: /^Recompute round 1 of task 2/ }).click();
    await page.getByText(/About round 1 of task 2, up to block \d+\./).waitFor();
    await page.getByRole("textbox", { name: "Round" }).fill("2");
    await page.getByRole("button", { name: /^Recompute round 2 of task 2/ }).waitFor();
    expect(await page.getByText(/facts agree/).count()).to.equal(0);
    await visitor.open(`/audit?task=${fixture.hostile.taskId}`);
    await page.getByRole("button", { name: /^Recompute task/ }).click();
    await page
      .getByRole("table", { name: "Facts that could only be read" })
      .getByText("its contracts are not in the address book")
      .first()
      .waitFor();
    await visitor.close();
  });

  it("the escrow falls as it is paid out", async () => {
    const visitor = await fixture.visit();
    await visitor.open("/tasks/2");
    const { rewardLedger, taskRegistry } = fixture.federation.contracts;
    const [node] = fixture.federation.nodes;
    if (node === undefined) throw new Error("The federation has no node");
    await rewardLedger.connect(node.operator).claim(2, 1, node.operator.address);
    await visitor.page.getByText(/ left of /).waitFor();
    const { escrow } = await taskRegistry.status(2);
    await visitor.open("/audit?task=2");
    expect(escrow).to.be.greaterThan(0n);
    await visitor.close();
  });

  it("each page has a title of its own, and the address’s node and round are shown, or said not to be there", async () => {
    const visitor = await fixture.visit(undefined, { width: 1000 });
    const { page } = visitor;
    const titles: string[] = [];
    for (const path of [
      "/",
      "/tasks",
      "/tasks/2",
      "/tasks/2?tab=terms",
      "/tasks/2?tab=rounds&round=1",
      "/tasks/1",
      "/nodes",
      "/nodes?node=3",
      "/publish",
      "/audit",
      "/audit?task=2",
      "/nowhere",
    ]) {
      await visitor.open(path);
      await page.waitForFunction((last) => document.title !== last, titles.at(-1));
      titles.push(await page.title());
    }
    expect(new Set(titles).size, titles.join("\n")).to.equal(titles.length);

    await visitor.open("/nodes?node=3");
    const row = page.getByRole("row", { name: /Node 3/ });
    expect(await row.getAttribute("aria-current")).to.equal("true");
    const box = await row.boundingBox();
    expect((box?.y ?? -1) >= 0 && (box?.y ?? 9e9) < 900).to.equal(true);
    await visitor.open("/nodes?node=99");
    await page.getByText("There is no node 99 on this network.").waitFor();
    await visitor.open("/tasks/2?tab=rounds&round=77");
    await page.getByText("This task has opened no round 77; its terms allow 5.").waitFor();
    await visitor.open("/tasks/2?tab=rounds&round=1");
    await page.getByText("who builds the block has a say in its hash").waitFor();
    await visitor.close();
  });

  it("a node has one colour in every chart, and pointing at a round tells its values", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2?tab=curves");
    await page.locator(".chart-legend").nth(2).waitFor();
    for (const node of [1, 2, 3, 4]) {
      const swatches = await page
        .locator(".chart-legend span", { hasText: `node ${node}` })
        .evaluateAll((list) => list.map((each) => (each as HTMLElement).style.getPropertyValue("--swatch")));
      expect(swatches.length).to.be.at.least(3);
      expect(new Set(swatches).size, `colours of node ${node}`).to.equal(1);
    }
    await page.getByRole("img", { name: /^Earned up to each round/ }).hover();
    await page.getByText(/^round \d: node 1 /).waitFor();
    await visitor.close();
  });

  it("a preset can be taken back", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/publish");
    await page.getByLabel("Seed").fill("4242");
    await page.getByRole("button", { name: "Private", exact: true }).click();
    expect(await page.getByLabel("Seed").inputValue()).to.equal("1");
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await page.getByLabel("Seed").inputValue()).to.equal("4242");
    await visitor.close();
  });

  it("copying works without a clipboard, as on plain http, and says so where the browser refuses it", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await page.addInitScript(() => {
      Object.defineProperty(navigator, "clipboard", { value: undefined });
      document.addEventListener("copy", () => {
        document.body.dataset["copied"] = String(getSelection());
      });
    });
    await visitor.open("/tasks/2?tab=roster");
    const copy = page.getByRole("button", { name: "Copy address" }).nth(1);
    await copy.click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => document.body.dataset["copied"])).to.match(/^0x[0-9a-fA-F]{40}$/);
    await page.evaluate(() => {
      document.execCommand = () => false;
    });
    await copy.click();
    const byHand = page.getByLabel("The whole address");
    expect(await byHand.inputValue()).to.match(/^0x[0-9a-fA-F]{40}$/);
    await visitor.close();
  });

  it("a first load without an endpoint claims nothing of a block that it has not read", async () => {
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    await proxy.down();
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    const visitor = await fixture.visit();
    const { page } = visitor;
    await page.goto(`${fixture.site.url}#/tasks`);
    await page.getByText("Nothing has been read from the chain yet").waitFor();
    const text = await page.locator("body").innerText();
    expect(text).to.not.match(/as of (the last )?block/i);
    await proxy.up();
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
    await proxy.down();
    fixture.site.config = await fixture.config();
    await visitor.close();
  });

  it("tasks are searched, sorted and filtered by the address, and empty ones of one account stand once", async () => {
    const { federation } = fixture;
    const { taskId } = federation;
    for (let count = 0; count < 3; count++) await federation.publish();
    federation.taskId = taskId;
    const visitor = await fixture.visit();
    const { page } = visitor;
    const cards = page.locator(".card-link");
    await visitor.open("/tasks");
    await page.getByText("and 2 more tasks of this publisher that nobody has joined").click();
    await page.getByRole("button", { name: /^Show all publishers again/ }).waitFor();
    expect(await cards.count()).to.equal(4);
    expect(page.url()).to.match(/[?&]by=/);
    await page.getByRole("button", { name: "Running" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".card-link").length === 1);
    await page.reload();
    await page.getByText("Task 2 ·").waitFor();
    expect(await cards.count()).to.equal(1);
    await visitor.open("/tasks?text=task 5");
    await page.getByText("Task 5 ·").waitFor();
    expect(await cards.count()).to.equal(1);
    await visitor.open("/tasks?text=nothing like it");
    await page.getByText("No task matches these filters.").waitFor();
    await visitor.close();
  });

  it("a round says whom it waits for and the remedy, and a vote what is on record", async () => {
    const { federation } = fixture;
    const [first, second, third, fourth] = federation.nodes;
    if (!first || !second || !third || !fourth) throw new Error("The federation has too few nodes");
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2");
    await federation.train([first, second]);
    await page.getByText("1 more is needed in").waitFor();
    await federation.train([third]);
    await page.getByText(/The quorum is there: in .* the round goes on without it\./).waitFor();
    await page.getByRole("link", { name: "vote it out" }).click();
    await page.getByRole("heading", { name: "Nodes", level: 1 }).waitFor();
    await federation.contracts.nodeRegistry.connect(first.operator).proposeRemoval(4);
    await page.getByText(/^In 2 rounds it posted 2 updates and 2 score tables\.$/).waitFor();
    await federation.train([fourth]);
    await visitor.close();
  });

  it("an ended task begins with what it came to, by node", async () => {
    const { federation } = fixture;
    await federation.aggregate({ digest: digests[2] ?? "" });
    await federation.negotiate();
    await federation.playRound();
    await federation.playRound();
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2");
    const first = page.locator("main section").first();
    await first.getByRole("heading", { name: "What it came to" }).waitFor();
    const table = first.getByRole("table", { name: "What it came to, by node" });
    expect(await table.getByRole("columnheader").allInnerTexts()).to.include.members([
      "Score at the chosen alpha",
      "Its own model alone (local)",
      "Earned",
    ]);
    expect(await table.getByRole("row").count()).to.equal(1 + 4);
    await visitor.close();
  });

  async function savedModel({ page }: Visitor): Promise<readonly [round: number, bytes: Uint8Array]> {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^Save as safetensors/ }).click(),
    ]);
    const round = Number(/round-(\d+)/.exec(download.suggestedFilename())?.[1]);
    return [round, new Uint8Array(await readFile(await download.path()))];
  }
});
