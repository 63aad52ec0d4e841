import { expect } from "chai";
import { Contract, Wallet, parseEther, toBeHex } from "ethers";
import type { EventLog, Result, TransactionRequest, TransactionResponse } from "ethers";
import { encode } from "fast-png";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { digits } from "#learning/data/digits";
import { createEngine } from "#learning/engines/createEngine";
import { nodeRegistryAbi, roundCoordinatorAbi, stakeVaultAbi } from "#protocol/contracts/abis";
import { decodeArtifact } from "#protocol/artifacts/artifact";
import { buildDag } from "#protocol/artifacts/contentAddress";
import { decodeManifest } from "#protocol/manifest/manifest";
import { chromiumPath, launchBrowser } from "./browser.ts";
import { Founders } from "./founders.ts";
import { EndpointProxy } from "./proxy.ts";
import { serveSite, type Site } from "./site.ts";
import { connect, trustAll, visit, withoutAges, type Visitor } from "./visitor.ts";

const NAME = "Digits of the valley";
const ROUNDS = 3;
const DAY = 86_400;

/** The person at the wallet, who may be slow to agree. */
class Person extends Wallet {
  beforeSending: () => Promise<void> = async () => {};
  #last: Promise<unknown> = Promise.resolve();

  override async sendTransaction(transaction: TransactionRequest): Promise<TransactionResponse> {
    await this.beforeSending();
    const sending = this.#last.then(() => super.sendTransaction(transaction));
    this.#last = sending.catch(() => undefined);
    return sending;
  }
}

// One journey: each test goes on where the one before ended.
describe("one person's journey among four node processes, from an empty browser", function () {
  this.timeout(300_000);
  let founders: Founders;
  let proxy: EndpointProxy;
  let site: Site;
  let browser: Browser;
  let person: Person;
  let visitor: Visitor;
  let page: Page;
  let loadedAt: number;
  let failed = false;
  /** The person's node, as `concordat node init` made it. */
  let node: { readonly dir: string; readonly config: string; readonly signer: string };

  before(async function () {
    const executable = chromiumPath();
    if (executable === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    [founders, site, browser] = await Promise.all([Founders.open(), serveSite(), launchBrowser(executable)]);
    const { provider, book } = founders.federation;
    // The page's endpoint is its own, so that it can go down while nodes and wallet go on.
    proxy = await EndpointProxy.open(founders.rpcUrl);
    const network = { rpcUrls: [proxy.url], addressBook: book, pollMs: 150 };
    site.config = { format: "concordat/dapp/1", networks: [network] };
    person = new Person(Wallet.createRandom().privateKey, provider);
    await giveGas(person.address);
    visitor = await visit(browser, site, person);
    page = visitor.page;
    // Rounds are trained meanwhile.
    page.setDefaultTimeout(120_000);
  });

  beforeEach(function () {
    if (failed) this.skip();
  });

  afterEach(async function () {
    if (this.currentTest?.isFailed() !== true) return;
    failed = true;
    const windows = browser.contexts().flatMap((context) => context.pages());
    const seen = windows.map(async (each) => `${each.url()}\n${await each.locator("body").innerText()}`);
    console.log([await founders.lastLines(), ...(await Promise.all(seen))].join("\n\n"));
  });

  after(async () => {
    await browser?.close();
    await site?.close();
    await proxy?.down();
    await founders?.close();
  });

  it("without a wallet it sees the nodes that run, and no task but the hostile one, by the name that it gave itself", async () => {
    await visitor.open("/tasks");
    await page.getByRole("heading", { name: /WWW/ }).waitFor();
    expect(await page.locator(".card-link").count()).to.equal(1);
    loadedAt = await page.evaluate(() => performance.timeOrigin);
    await link("Nodes").click();
    await page.getByText("3 members.").waitFor();
    await page.getByText("answers", { exact: true }).nth(2).waitFor();
    expect(visitor.wallet?.asked).to.not.include("eth_requestAccounts");
  });

  it("its node is made at the command line, asked for in the page, and voted in; what the wallet declines is not sent", async () => {
    const { wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    const dir = join(founders.folder, "node-4");
    const share = ["--nodes", "4", "--index", "3", "--confirmations", "1"];
    node = await founders.concordat("node", "init", dir, ...chain(), ...share);
    await giveGas(node.signer);

    wallet.declines = true;
    await page.getByRole("button", { name: "Connect wallet" }).click();
    await page.getByRole("button", { name: "Test wallet" }).click();
    await page.getByText("You declined this in your wallet. Nothing was sent.").waitFor();
    wallet.declines = false;
    await page.keyboard.press("Escape");
    await connect(visitor);

    await page.getByLabel("Signer key (address)").fill(node.signer);
    wallet.declines = true;
    await page.getByRole("button", { name: "Ask for admission" }).click();
    await toast("Ask for admission", "failed").getByText("You declined this in your wallet.").waitFor();
    expect(await person.getNonce()).to.equal(0);
    wallet.declines = false;
    await page.getByRole("button", { name: "Ask for admission" }).click();
    await page.getByText("Vote 1 on your admission is open: 0 of 2").waitFor();
    const voters = founders.federation.nodes.slice(1);
    await Promise.all(
      voters.map(({ config }) => founders.concordat("task", "vote", "1", "--approve", "--config", config)),
    );
    await page.getByRole("heading", { name: "Your node 4" }).waitFor();
  });

  it("it publishes through the wizard; the files that the page made are served by its node", async () => {
    await link("My work").click();
    await page.getByRole("button", { name: "Mint 1,000 DEV" }).click();
    await page.getByText("You own 1,000 DEV.").waitFor();

    await link("Publish").click();
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByLabel("Name").fill(NAME);
    await page.getByRole("button", { name: /Training/ }).click();
    await page.getByLabel("Rounds (T)").fill(String(ROUNDS));
    await page.getByRole("button", { name: /Rewards and stake/ }).click();
    await page.getByLabel("Stake to join").fill("5");
    await page.getByRole("button", { name: /Confirm/ }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    const files = [join(node.dir, "manifest.json"), join(node.dir, "initial-model.safetensors")];
    for (const [i, file] of files.entries()) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save", exact: true }).nth(i).click(),
      ]);
      await download.saveAs(file);
    }
    const added = await founders.concordat<{ digest: string }[]>(
      "artifact",
      "add",
      ...files,
      "--config",
      node.config,
    );
    for (const { digest } of added) await page.getByTitle(digest).first().waitFor();
    await page.getByRole("button", { name: "Ask the nodes for them" }).click();
    await page.getByText("No node serves manifest.json to this page yet.").waitFor();

    const endpoints = await founders.run(node.dir);
    const second = await visitor.context.newPage();
    await second.goto(`${site.url}#/nodes`);
    await second.getByLabel("New endpoints").fill(endpoints);
    await enabled("Change the endpoints", second).click();
    await second.getByText("answers", { exact: true }).nth(4).waitFor();
    await second.close();
    await readUpTo(await founders.federation.provider.getBlockNumber());
    await page.getByRole("button", { name: "Ask the nodes for them" }).click();
    await page.getByText(/^Node \d serves both files to whoever asks\.$/).waitFor();
    await page.getByRole("button", { name: "Publish the task" }).click();
    await page.getByRole("heading", { name: NAME, level: 1 }).waitFor();
    expect(page.url()).to.match(/\/tasks\/2$/);
  });

  it("it stakes and joins in the page, the founders at the command line, and the nodes start the task", async () => {
    await trustAll(visitor);
    await page.getByRole("button", { name: "Stake", exact: true }).click();
    await enabled("Join task 2 with node 4").click();
    await page.getByRole("button", { name: "Leave task 2" }).waitFor();
    const token = founders.federation.token;
    await Promise.all(
      founders.federation.nodes.map(async ({ config }) => {
        await founders.concordat("stake", "deposit", "5", "--token", token, "--config", config);
        // The person is the task's arbiter, whom each operator trusts by name.
        await founders.concordat("task", "join", "2", "--trust", person.address, "--config", config);
      }),
    );
    await page.getByRole("heading", { name: "Round 1", exact: true }).waitFor();
  });

  it("its endpoint goes down while it claims: the page says so in one sentence, and goes on without a reload where the chain is", async () => {
    const sentence = page.getByText("The network’s endpoint does not answer.");
    person.beforeSending = async () => proxy.down();
    await enabled(/^Claim /).click();
    await sentence.waitFor();
    await page.getByText(/as of block \d+, no connection/).waitFor();
    expect(await sentence.count()).to.equal(1);
    person.beforeSending = async () => {};

    const round = Math.min((await finalised()).length + 1, ROUNDS);
    await founders.until(async () => (await finalised()).length >= round);
    await proxy.up();
    await sentence.waitFor({ state: "detached" });
    await toast("Claim", "confirmed").waitFor();
    await equalsFreshLoad(round);
  });

  it("its rounds go on until the task is completed, with every update of every node", async () => {
    await page.getByText(`The task ended after ${ROUNDS} rounds because all rounds are done.`).waitFor();
    await tab("Roster").click();
    expect(await page.getByText(`${ROUNDS} of ${ROUNDS}`, { exact: true }).count()).to.equal(4);
    await equalsFreshLoad(ROUNDS);
  });

  it("it fetches the final model, which says of an image in the page what a node's engine says", async () => {
    await tab("Model").click();
    await page.getByRole("button", { name: "Fetch the model" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /Save as safetensors/ }).click(),
    ]);
    const bytes = new Uint8Array(await readFile(await download.path()));
    expect((await buildDag(bytes)).digest).to.equal((await finalised()).at(-1)?.["aggregate"]);

    const { test: split, inputShape, classes, mean, std } = digits();
    const [height = 0, width = 0] = inputShape;
    const pixels = split.features.slice(0, height * width) as Uint8Array;
    const image = encode({ width, height, data: pixels, channels: 1, depth: 8 });
    await page
      .getByLabel("Your own image")
      .setInputFiles({ name: "digit.png", mimeType: "image/png", buffer: Buffer.from(image) });
    const said = Number(await page.getByText("The model says").locator("strong").textContent());
    const { model } = decodeManifest(await readFile(join(node.dir, "manifest.json")));
    const engine = await createEngine("auto");
    const loaded = await engine.load(model, inputShape, classes);
    const { tensors } = decodeArtifact(bytes, { specs: model.tensors, role: "global" });
    const labels = Uint8Array.of(said);
    const sample = { split: { features: pixels, labels, count: 1 }, indices: [0], inputShape, mean, std };
    const { correct } = await loaded.evaluate(tensors, sample);
    loaded.dispose();
    expect(correct).to.equal(1);
  });

  it("it computes the task again in the page, the global models bit for bit", async () => {
    await visitor.open("/audit?task=2&round=2");
    await page.getByLabel(/Make each global model again/).check();
    await page.getByRole("button", { name: "Recompute round 2 of task 2 here" }).click();
    await page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
    const row = page
      .getByRole("row")
      .filter({ has: page.getByRole("rowheader", { name: "aggregate.model" }) });
    expect(await row.first().innerText()).to.contain("agrees");
    await visitor.open("/audit?task=2");
    await page.getByRole("button", { name: "Recompute task 2 here" }).click();
    await page.getByText(/^All [\d,]+ facts agree with what the rules give\.$/).waitFor();
  });

  it("it claims in two windows at once: one is paid, the other is told that its transaction was refused", async () => {
    await visitor.open("/tasks/2");
    const second = await visitor.context.newPage();
    await second.goto(`${site.url}#/tasks/2`);
    person.beforeSending = atOnce(2);
    const windows = [page, second];
    await Promise.all(windows.map((each) => enabled(/^Claim /, each).click()));
    // A window may also tell of what the other one sent.
    const anyTells = (state: string, words: string) =>
      Promise.any(windows.map((each) => toast(words, state, each).first().waitFor()));
    await Promise.all([
      anyTells("confirmed", "Claim"),
      anyTells("failed", "There is nothing to claim."),
      ...windows.map((each) => each.getByRole("button", { name: /^Claim / }).waitFor({ state: "detached" })),
    ]);
    expect(await toast("Nothing was sent", "failed").count()).to.equal(0);
    await second.close();
  });

  it("it takes back the escrow that is left, unbonds, and withdraws once the time has come", async () => {
    await enabled(/^Take back /).click();
    await page.getByRole("button", { name: /^Take back / }).waitFor({ state: "detached" });
    await link("Nodes").click();
    await page.getByLabel("Amount in DEV").fill("5");
    await page.getByRole("button", { name: "Unbond" }).click();
    await page.getByText(/5 DEV on its way out/).waitFor();
    await founders.federation.provider.send("evm_increaseTime", [61 * DAY]);
    await enabled("Withdraw 5 DEV").click();
    await page.getByText(/on its way out/).waitFor({ state: "detached" });
    const { token, provider, book } = founders.federation;
    const vault = new Contract(book.contracts.StakeVault, stakeVaultAbi, provider);
    expect(await vault.getFunction("stakeOf")(4, token)).to.equal(0n);
  });

  it("in all this the page was loaded once, called nobody but its host, its endpoint and the nodes, and broke no rule of its policy", async () => {
    expect(await page.evaluate(() => performance.timeOrigin)).to.equal(loadedAt);
    const { provider, book } = founders.federation;
    const registry = new Contract(book.contracts.NodeRegistry, nodeRegistryAbi, provider);
    const allowed = [new URL(site.url).origin, proxy.url];
    for (const id of [1, 2, 3, 4]) {
      const { endpoints } = (await registry.getFunction("node")(id)) as { endpoints: string };
      const [, port] = /\/tcp\/(\d+)\/http/.exec(endpoints) ?? [];
      allowed.push(`http://127.0.0.1:${port}`);
    }
    expect([...visitor.origins].toSorted()).to.deep.equal(allowed.toSorted());
    await visitor.close();
  });

  /** What the chain says of each finalised round. */
  async function finalised(): Promise<Result[]> {
    const { provider, book } = founders.federation;
    const coordinator = new Contract(book.contracts.RoundCoordinator, roundCoordinatorAbi, provider);
    const logs = await coordinator.queryFilter("RoundFinalised", book.deploymentBlock);
    return logs.map((log) => (log as EventLog).args);
  }

  /** What the page says of a round is what somebody reads who comes only now. */
  async function equalsFreshLoad(round: number): Promise<void> {
    const path = `/tasks/2?tab=rounds&round=${round}`;
    const fresh = await visit(browser, site);
    await fresh.open(path);
    const record = async (reader: Page): Promise<string[]> => {
      await reader.getByRole("region", { name: "Accuracy table" }).waitFor();
      const titles = reader.getByRole("heading", {
        name: new RegExp(`^(Round ${round}|Updates|Accuracy table)$`),
      });
      return (await reader.locator("section").filter({ has: titles }).allInnerTexts()).map(withoutAges);
    };
    const expected = await record(fresh.page);
    await visitor.open(path);
    expect(await record(page))
      .to.deep.equal(expected)
      .and.have.length(3);
    await fresh.close();
  }

  /** The page, too, has read this block. */
  async function readUpTo(block: number): Promise<void> {
    const words = page.getByTestId("sync");
    await founders.until(async () => Number(/\d+/.exec(await words.innerText())?.[0]) >= block);
  }

  async function giveGas(account: string): Promise<void> {
    await founders.federation.provider.send("hardhat_setBalance", [account, toBeHex(parseEther("10"))]);
  }

  function chain(): string[] {
    return ["--rpc", founders.rpcUrl, "--address-book", founders.federation.bookFile];
  }

  function link(name: string) {
    return page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name });
  }

  function tab(name: string) {
    return page.getByRole("navigation", { name: "About this task" }).getByRole("link", { name });
  }

  function enabled(name: string | RegExp, window = page) {
    return window.getByRole("button", { name }).and(window.locator(":enabled"));
  }

  function toast(label: string, state: string, window = page) {
    return window.locator(`[data-state=${state}]`).filter({ hasText: label });
  }
});

/** Lets nobody go on before so many have come. */
function atOnce(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return async () => {
    if (++waiting === count) resolve();
    await promise;
  };
}
