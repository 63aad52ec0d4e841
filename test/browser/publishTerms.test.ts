import { expect } from "chai";
import { Wallet, id, parseEther } from "ethers";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createHeliaStore } from "#store/helia/heliaStore";
import { buildTask } from "#learning/tasks/buildTask";
import { privacyTerms } from "#cli/publish/privacyOptions";
import { csvTerms } from "#learning/data/ownTerms";
import { OFFICIAL_TERMS } from "#learning/data/officialTerms";
import { builtInTopology } from "#learning/models/models";
import type { TaskFiles } from "#learning/tasks/taskFiles";
import { cidFromDigest, digestOf } from "#protocol/artifacts/contentAddress";
import { csvSchema } from "#protocol/manifest/datasetTerms";
import { ScoreKind } from "#protocol/contracts/enums";
import type { Digest } from "#protocol/ids";
import { escrowOf } from "#protocol/rules/rewardSchedule";
import { termsFromAbi, type AbiTerms } from "#protocol/terms/taskTerms";
import { findKubo, startKubo } from "../artifacts/kuboDaemon.ts";
import { fund } from "../contracts/federation.ts";
import { DappFixture } from "./dappFixture.ts";
import { connect, type Visitor } from "./visitor.ts";

const SCHEMA = {
  columns: [
    { kind: "numeric", name: "age" },
    { kind: "category", name: "sex", values: ["f", "m"] },
  ],
  target: { kind: "number", name: "cost", offset: 100, scale: 50 },
};
const json = (name: string, value: unknown) => ({
  name,
  mimeType: "application/json",
  buffer: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
});
const digitsModel = () => builtInTopology("prototype-mlp", [16, 16, 1], 10);
const kuboProgram = await findKubo();

describe("the terms of a publication in the browser", function () {
  this.timeout(240_000);
  let fixture: DappFixture;
  let folder: string;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    folder = await mkdtemp(join(tmpdir(), "concordat-publish-"));
  });

  after(async () => {
    await fixture?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it("may be a table of one's own, a model from a file, compressed and private, byte for byte as from the command line", async () => {
    const { contracts, connection } = fixture.federation;
    const publisher = new Wallet(id("a publisher of tables"), connection.ethers.provider);
    await fund(connection, publisher.address);
    await contracts.token.mint(publisher.address, parseEther("100"));
    const schema = csvSchema.parse(SCHEMA);
    const model = join(folder, "model.json");
    await writeFile(model, JSON.stringify({ modelTopology: builtInTopology("mlp", [3], 1) }));
    const files = await buildTask({
      name: "Costs",
      description: "Who pays",
      dataset: csvTerms(schema),
      model,
      localEpochs: 2,
      maeScale: 500,
      seed: 3,
      compression: { kind: "top-k-quantised", keepBps: 250, bits: 8 },
      privacy: (training) =>
        privacyTerms(
          { privacy: "gaussian-update", clip: 2, epsilon: 4 },
          { rounds: 5, maxSamples: 9999, training },
        ),
    });

    const visitor = await fixture.visit(publisher);
    const { page } = visitor;
    await visitor.open("/publish");
    await connect(visitor);
    await page.getByLabel("Name", { exact: true }).fill("Costs");
    await page.getByLabel("Description").fill("Who pays");
    await page.getByLabel("Data", { exact: true }).selectOption("csv");
    await page.getByLabel("Read the columns from a schema.json").setInputFiles(json("schema.json", SCHEMA));
    await page.getByText("Records of 3 values, one number to predict").waitFor();
    await page.getByLabel("Model", { exact: true }).selectOption("file");
    await page.getByLabel("File with the topology").setInputFiles(model);
    await page.getByText("model.json is read.").waitFor();
    await page.getByLabel("Seed").fill("3");

    await page.getByRole("button", { name: "Next" }).click();
    await page.getByLabel("Local passes per round (E)").fill("2");
    await page.getByLabel("Updates are sent").selectOption("top-k-quantised");
    await page.getByLabel("Changes that are kept, % of the weights").fill("2.5");
    await page.getByText("One update:").waitFor();

    await page.getByRole("button", { name: "Next" }).click();
    await page.getByLabel("Mean absolute error that ends the task").fill("0.3");
    await page.getByLabel("Score of an error of 1").fill("500");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByLabel("Samples that count for one node at most").fill("9999");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByLabel("Protection of updates").selectOption("gaussian-update");
    await page.getByLabel("The noise is").selectOption("budget");
    await page.getByLabel("Clipping norm (L2)").fill("2");
    await page.getByLabel("Epsilon of the whole task, at most").fill("4");
    await page.getByLabel("Delta").fill("1e-5");
    await page.getByText(/has spent an epsilon of (3\.99|4\.00) at a delta of 0\.00001/).waitFor();

    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await expectFiles(page, files);
    await page.getByText("mean absolute error on each node’s validation records, times 500").waitFor();
    await page.getByText("as the greatest 2.5 % of the changes, in 8 bits").waitFor();
    await page.getByLabel("The files are in a node’s store").check();
    await page.getByRole("button", { name: "Publish the task" }).click();
    await page.getByRole("heading", { name: "Task 2" }).waitFor();
    const terms = termsFromAbi((await contracts.taskRegistry.terms(2)) as unknown as AbiTerms);
    expect(terms).to.include({
      manifestDigest: files.manifestFile.digest,
      initialModelDigest: files.initialModel.digest,
      scoreKind: ScoreKind.Error,
      maxScore: 0xffff,
      targetScore: 150,
      maxSamples: 9999,
      maxArtifactBytes: Math.max(files.maxArtifactBytes, files.manifestFile.bytes.length, 1024),
    });
    const spent = parseEther("100") - (await contracts.token.balanceOf(publisher));
    expect(spent).to.equal(escrowOf(terms));
    expect(await contracts.token.allowance(publisher, contracts.taskRegistry)).to.equal(0n);
    await visitor.close();
  });

  it("are refused with the reason where a model is none that nodes may run", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/publish");
    await page.getByLabel("Model", { exact: true }).selectOption("file");
    await page.getByText("Choose the file with the model’s topology").waitFor();
    const file = page.getByLabel("File with the topology");
    const refused = async (value: unknown, reason: string | RegExp): Promise<void> => {
      await file.setInputFiles(json("model.json", value));
      await page.getByText(reason).waitFor();
    };
    await refused("no model", "The model file model.json is not JSON");
    const layer = (class_name: string, config: object) => ({
      class_name: "Sequential",
      config: { layers: [{ class_name, config: { batch_input_shape: [null, 16, 16, 1], ...config } }] },
    });
    await refused(layer("LSTM", { units: 9 }), /uses the layer LSTM .* which is not supported/);
    await refused(builtInTopology("mlp", [28, 28, 1], 10), /takes inputs of \[28, 28, 1\]/);
    const wide = builtInTopology("mlp", [16, 16, 1], 10);
    await refused(
      JSON.stringify(wide).replaceAll('"units":200', '"units":200000'),
      /at most 50000000 are allowed/,
    );
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Some steps above are still to be corrected.").waitFor();
    await page.getByRole("button", { name: /Model and data/ }).click();
    await file.setInputFiles(json("model.json", digitsModel()));
    await page.getByText(/weights in 4 tensors/).waitFor();
    await visitor.close();
  });

  it("stay as a draft over a closed tab, for each network, and are the same in two tabs", async () => {
    const visitor = await fixture.visit();
    const { page, context } = visitor;
    await visitor.open("/publish");
    await page.getByLabel("Name", { exact: true }).fill("Kept");
    await page.getByLabel("Model", { exact: true }).selectOption("file");
    await page.getByLabel("File with the topology").setInputFiles(json("mine.json", digitsModel()));
    await page.getByText("mine.json is read.").waitFor();
    await page.close();

    const again = await context.newPage();
    await again.goto(`${fixture.site.url}#/publish`);
    await again.getByText("mine.json is read.").waitFor();
    expect(await again.getByLabel("Name", { exact: true }).inputValue()).to.equal("Kept");
    const other = await context.newPage();
    await other.goto(`${fixture.site.url}#/publish`);
    await other.getByLabel("Name", { exact: true }).fill("Changed there");
    await again.getByText("This draft was changed in another tab").waitFor();
    expect(await again.getByLabel("Name", { exact: true }).inputValue()).to.equal("Changed there");

    // What an older page left, what a newer one will, and what is no draft at all.
    for (const [stored, name] of [
      [{ name: "Old", election: "mixed", gone: "x" }, "Old"],
      [{ name: "New", dataset: "of tomorrow", rounds: 5 }, "New"],
      ["[", ""],
    ] as const) {
      await other.evaluate(
        (text) => {
          const key = Object.keys(localStorage).find((candidate) => candidate.startsWith("concordat.draft."));
          if (key !== undefined) localStorage.setItem(key, text);
        },
        typeof stored === "string" ? stored : JSON.stringify(stored),
      );
      await other.reload();
      await other.getByText("digits: drawn by code").waitFor({ state: "attached" });
      expect(await other.getByLabel("Name", { exact: true }).inputValue()).to.equal(name);
    }
    await visitor.close();
  });

  it("reach nodes through the operator's store: saved, added, and found by the page", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/publish");
    await page.getByLabel("Name", { exact: true }).fill("Saved");
    await makeFiles(page);
    const ask = page.getByRole("button", { name: "Ask the nodes for them" });
    await ask.click();
    await page.getByText("No node serves manifest.json to this page yet.").waitFor();

    const saved: Uint8Array[] = [];
    for (const name of ["manifest.json", "initial-model.safetensors"]) {
      const coming = page.waitForEvent("download");
      await page.locator(".row", { hasText: name }).getByRole("button", { name: "Save" }).click();
      const download = await coming;
      expect(download.suggestedFilename()).to.equal(name);
      const bytes = await readFile(await download.path());
      expect(await shownDigest(page, name)).to.equal(await digestOf(bytes));
      saved.push(bytes);
    }
    const store = await createHeliaStore({
      dir: join(folder, "store"),
      gatewayListen: { host: "127.0.0.1", port: 0 },
    });
    try {
      for (const bytes of saved) await store.put(bytes);
      const port = /tcp\/(\d+)\/http/.exec(store.endpoints())?.[1];
      fixture.site.config = { ...(await fixture.config()), gateways: [`http://127.0.0.1:${port}`] };
      await page.reload();
      await makeFiles(page);
      await ask.click();
      // The page has them from a gateway of its own configuration, which no node asks.
      await page.getByText("So participants cannot have them yet.").waitFor();
      expect(await page.getByLabel("The files are in a node’s store").isChecked()).to.equal(false);
      const { contracts, nodes } = fixture.federation;
      const operator = nodes[1]?.operator;
      if (operator === undefined) throw new Error("The federation has too few nodes");
      await contracts.nodeRegistry.connect(operator).setEndpoints(`/ip4/127.0.0.1/tcp/${port}/http`);
      const block = await fixture.federation.connection.ethers.provider.getBlockNumber();
      await page
        .getByTestId("sync")
        .getByText(new RegExp(`^as of block ${block}\\b`))
        .waitFor();
      await ask.click();
      await page.getByText("Node 2 serves both files to whoever asks.").waitFor();
      expect(await page.getByLabel("The files are in a node’s store").isChecked()).to.equal(true);
    } finally {
      await store.close();
      fixture.site.config = await fixture.config();
    }
    await visitor.close();
  });

  it("are told why a Kubo node does not take them, and the way by files stays open", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    const fails = async (kuboRpcUrl: string, sentence: string | RegExp): Promise<void> => {
      await open(visitor, kuboRpcUrl);
      await page.getByRole("button", { name: /^Pin both at/ }).click();
      await page.getByText(sentence).waitFor();
      await page.getByText("Put them into a node’s store instead").click();
      await page.getByLabel("The files are in a node’s store").check();
    };
    const closed = await listen(() => undefined);
    await close(closed.server);
    await fails(closed.url, `No Kubo node answers at ${new URL(closed.url).host}.`);

    const stranger = await listen(() => ({ status: 404, text: "<h1>Not found</h1>" }));
    await fails(stranger.url, /is no Kubo node \(HTTP 404\)/);
    await close(stranger.server);

    const liar = await listen(() => ({ status: 200, text: '{"Key":"bafkqaaa","Size":1}' }));
    await fails(liar.url, /stored bafy\w+ as bafkqaaa|stored bafk\w+ as bafkqaaa/);
    await close(liar.server);

    const full = await listen(() => ({ status: 500, text: '{"Message":"no space left","Code":0}' }));
    await fails(full.url, /The Kubo node at .* refused: no space left/);
    await close(full.server);
    fixture.site.config = await fixture.config();
    await visitor.close();
  });

  it("are pinned by a real Kubo node under the digests that the page computed, once it allows the page", async function () {
    if (kuboProgram === undefined) {
      console.log("      no `ipfs` program on the PATH or in CONCORDAT_IPFS: Kubo stays untested here");
      return this.skip();
    }
    const origin = new URL(fixture.site.url).origin;
    const strict = await startKubo(kuboProgram, join(folder, "strict"));
    const visitor = await fixture.visit();
    const { page } = visitor;
    await open(visitor, strict.url);
    await page.getByRole("button", { name: /^Pin both at/ }).click();
    await page.getByText(/does not allow this page to call it/).waitFor();
    // What the page advises is what helps.
    await page.getByText(`Access-Control-Allow-Origin '["${origin}"]'`).waitFor();
    await strict.stop();
    const kubo = await startKubo(kuboProgram, join(folder, "kubo"), [
      ["API.HTTPHeaders.Access-Control-Allow-Origin", `["${origin}"]`],
    ]);
    try {
      await open(visitor, kubo.url);
      await page.getByRole("button", { name: /^Pin both at/ }).click();
      await page.getByRole("button", { name: "Pinned" }).waitFor();
      await page.getByText(/Kubo named both as the digests above say/).waitFor();
      await page
        .getByText(/^\/ip4\/127\.0\.0\.1\/.*\/p2p\//)
        .first()
        .waitFor();
      const pins = await kubo.ipfs("pin", "ls", "-q", "--type=recursive");
      for (const name of ["manifest.json", "initial-model.safetensors"]) {
        const digest = await shownDigest(page, name);
        expect(pins).to.contain(cidFromDigest(digest).toString());
      }
      const files = await buildTask({
        name: "Pinned",
        description: "",
        dataset: OFFICIAL_TERMS.digits,
        localEpochs: 1,
        seed: 1,
      });
      await expectFiles(page, files);
    } finally {
      await kubo.stop();
      fixture.site.config = await fixture.config();
    }
    await visitor.close();
  });

  /** Opens the wizard where Kubo's RPC is configured, and makes the files. */
  async function open(visitor: Visitor, kuboRpcUrl: string): Promise<void> {
    fixture.site.config = { ...(await fixture.config()), kuboRpcUrl };
    await visitor.open("/publish");
    await visitor.page.reload();
    await visitor.page.getByLabel("Name", { exact: true }).fill("Pinned");
    await makeFiles(visitor.page);
  }

  async function makeFiles(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await page.getByText("initial-model.safetensors", { exact: true }).waitFor();
  }
});

async function shownDigest(page: Page, name: string): Promise<Digest> {
  const shown = page.locator(".row", { hasText: name }).locator(".account");
  return (await shown.getAttribute("title")) as Digest;
}

async function expectFiles(page: Page, { manifestFile, initialModel }: TaskFiles): Promise<void> {
  await page.getByText("initial-model.safetensors", { exact: true }).waitFor();
  expect(await shownDigest(page, "manifest.json")).to.equal(manifestFile.digest);
  expect(await shownDigest(page, "initial-model.safetensors")).to.equal(initialModel.digest);
}

/** A server on loopback that allows every page, and answers as it is told. */
async function listen(
  answer: () => { readonly status: number; readonly text: string } | undefined,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const { status = 200, text = "" } = answer() ?? {};
    request.resume();
    response.writeHead(status, { "access-control-allow-origin": "*" }).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
