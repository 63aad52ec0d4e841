import { expect } from "chai";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aggregationRule } from "#learning/aggregation/aggregationRule";
import type { UpdateToAggregate } from "#audit/recompute/recomputeAggregates";
import { INITIAL_MODEL, encodeArtifact } from "#protocol/artifacts/artifact";
import { encodeUpdate } from "#protocol/artifacts/compressedUpdate";
import { buildDag, digestOf, type Block } from "#protocol/artifacts/contentAddress";
import { digest, memberId, nodeId, taskId, type Digest } from "#protocol/ids";
import { encodeManifest, type TaskManifest } from "#protocol/manifest/manifest";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { start } from "../cli/concordat.ts";
import type { Federation } from "../contracts/federation.ts";
import { serveBlocks, type BlockHost } from "./hostile.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture } from "./dappFixture.ts";

describe("auditing in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    await fixture.federation.startTask({ rounds: 2 });
    await fixture.federation.playRound();
    await fixture.federation.playRound();
  });

  after(async () => fixture?.close());

  it("every decision of a round, computed again in the page, agrees with the chain", async () => {
    const visitor = await fixture.visit();
    await visitor.open("/audit?task=2&round=2");
    await visitor.page.getByRole("button", { name: "Recompute round 2 of task 2 here" }).click();
    await visitor.page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
    const facts = visitor.page.getByRole("table", { name: "Facts of this round" });
    for (const kind of [
      "round.seed",
      "aggregate.committee",
      "round.quorum",
      "report.signature",
      "negotiation.alpha",
      "reward.bitmaps",
    ]) {
      expect(await facts.getByRole("rowheader", { name: kind }).count(), kind).to.be.at.least(1);
    }
    await visitor.close();
  });

  it("an endpoint that lies about one score is found out", async () => {
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    const { coordinator } = fixture.federation.contracts;
    const topic = coordinator.interface.getEvent("ReportAccepted").topicHash;
    proxy.alter = ({ method }, result) => {
      if (method !== "eth_getLogs") return result;
      return (result as { topics: string[]; data: string }[]).map((log) =>
        // The first score of each table, in the lowest lane of the third word.
        log.topics[0] === topic ? { ...log, data: replaceAt(log.data, 2 + 3 * 64 - 4, "0001") } : log,
      );
    };
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    const visitor = await fixture.visit();
    await visitor.open("/audit?task=2&round=1");
    await visitor.page.getByRole("button", { name: /^Recompute/ }).click();
    await visitor.page.getByText(/do not agree with what the rules give/).waitFor();
    await visitor.page
      .getByRole("table", { name: "Disagreements" })
      .getByText("report.signature")
      .first()
      .waitFor();
    await visitor.close();
    await proxy.down();
    fixture.site.config = await fixture.config();
  });

  it("events are filtered, exported, and each has a link of its own that lasts", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/audit");
    await page.getByLabel("Event", { exact: true }).selectOption("RoundFinalised");
    await page.getByRole("heading", { name: "2 events" }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as JSON" }).click(),
    ]);
    const saved = JSON.parse(await readFile(await download.path(), "utf8")) as {
      event: string;
      fields: { round: string };
    }[];
    expect(saved.map(({ event, fields }) => [event, fields.round])).to.deep.equal([
      ["RoundFinalised", "2"],
      ["RoundFinalised", "1"],
    ]);
    const [table] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as CSV" }).click(),
    ]);
    const lines = (await readFile(await table.path(), "utf8")).trim().split("\r\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.equal("block,transaction,log_index,contract,event,fields");

    await page.locator("summary").first().click();
    await page.getByRole("link", { name: "to this event" }).click();
    await page.getByRole("heading", { name: "1 event" }).waitFor();
    const link = page.url();
    const reader = await fixture.visit();
    await reader.page.goto(link);
    await reader.page.getByRole("heading", { name: "1 event" }).waitFor();
    expect(await reader.page.locator(".events").innerText()).to.contain("RoundFinalised");
    await visitor.close();
    await reader.close();
  });

  it("what nobody serves is told with whose silence it is, as the command tells it", async () => {
    const { federation } = fixture;
    const host = await playServedRound(federation, 3);
    const folder = await mkdtemp(join(tmpdir(), "concordat-auditing-"));
    try {
      const task = String(federation.taskId);
      const silence = "1 of 1 aggregates could not be recomputed: node 3 serves nothing";
      const visitor = await fixture.visit();
      const { page } = visitor;
      await visitor.open(`/audit?task=${task}`);
      const recompute = page.getByRole("button", { name: `Recompute task ${task} here` });
      await recompute.click();
      await page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
      expect(await page.getByText(silence).count(), "models were not asked for").to.equal(0);
      await page.getByLabel(/Make each global model again/).check();
      await recompute.click();
      await page.getByText("Nothing disagrees, but not everything could be recomputed.").waitFor();
      await page.getByText(`${silence}.`, { exact: true }).waitFor();
      await visitor.close();

      const book = join(folder, "addresses.json");
      const { networks } = (await fixture.config()) as { networks: { addressBook: unknown }[] };
      await writeFile(book, JSON.stringify(networks[0]?.addressBook));
      const where = ["--rpc", fixture.rpcUrl, "--address-book", book];
      const { stdout } = await start(["audit", "--task", task, "--artifacts", ...where]).done;
      expect(stdout.trim().split("\n").at(-1)).to.equal(`Nothing disagrees, but ${silence}`);
    } finally {
      await host.close();
      await rm(folder, { recursive: true });
    }
  });
});

const SHAPE = [4, 3];
const MANIFEST: TaskManifest = {
  format: "concordat/manifest/1",
  name: "a small task",
  description: "",
  model: { topology: { layers: [] }, tensors: [{ name: "kernel", shape: SHAPE }] },
  dataset: { name: "digits", inputShape: [2, 2, 1], classes: 3, mean: [0], std: [1] },
  training: { optimiser: "sgd", learningRate: 0.1, momentum: 0, localEpochs: 1, batchSize: 10, seed: 1 },
  evaluation: { metric: "accuracy", negotiationSplit: "validation" },
  privacy: { kind: "none" },
  compression: { kind: "none" },
};

function model(value: number): ModelTensors {
  return [{ name: "kernel", shape: SHAPE, data: new Float32Array(12).fill(value) }];
}

/** Plays a task of one round whose artifacts the first node serves, but for one node's update. */
async function playServedRound(federation: Federation, silent: number): Promise<BlockHost> {
  const served: Block[] = [];
  const serve = async (bytes: Uint8Array): Promise<Digest> => {
    const dag = await buildDag(bytes);
    served.push(...dag.blocks);
    return dag.digest;
  };
  // Before the round: the command asks at the addresses that the registry had then.
  const host = await serveBlocks(served);
  const { nodeRegistry } = federation.contracts;
  await nodeRegistry.connect(federation.node(1).operator).setEndpoints(host.endpoints);
  const initial = model(0);
  await federation.startTask({
    rounds: 1,
    manifestDigest: await serve(encodeManifest(MANIFEST)),
    initialModelDigest: await serve(encodeArtifact(INITIAL_MODEL, initial)),
  });
  const task = taskId(federation.taskId);
  const base = digest((await federation.round()).base);
  const updates: UpdateToAggregate[] = [];
  for (const node of federation.nodes) {
    const metadata = { role: "update", task, round: 1, base, node: nodeId(node.nodeId) } as const;
    const { bytes, decoded: tensors } = encodeUpdate(metadata, model(node.nodeId), initial, { kind: "none" });
    const made = node.nodeId === silent ? await digestOf(bytes) : await serve(bytes);
    updates.push({ memberId: memberId(node.nodeId), samples: 100, tensors });
    await federation.submitUpdates([await federation.update(node, { digest: made, samples: 100 })]);
  }
  const { tensors } = await aggregationRule("fedavg").aggregate(updates, 0);
  const global = encodeArtifact({ role: "global", task, round: 1, node: 0, base }, tensors);
  await federation.aggregate({ digest: await serve(global) });
  await federation.negotiate();
  return host;
}

function replaceAt(text: string, index: number, part: string): string {
  return text.slice(0, index) + part + text.slice(index + part.length);
}
