import { writeFileSync } from "node:fs";
import { expect } from "chai";
import { IndexFile } from "#audit/index/indexFile";
import { Indexer } from "#audit/index/indexer";
import type { IndexStep } from "#audit/index/indexer";
import { rpcIndexSource } from "#audit/index/indexSource";
import type { IndexSource } from "#audit/index/indexSource";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";
import { beginScenario, playEventfulTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { start } from "../cli/concordat.ts";
import { chainOf, contents, serveChain, suiteFolder, writeIndex } from "../index/scenarioIndex.ts";
import type { RpcEndpoint } from "../index/scenarioIndex.ts";
import { flap, lag } from "./lag.ts";
import { limitedLogs, prunedStates, truncatedLogs } from "./limits.ts";
import { QuirkProxy } from "./quirkProxy.ts";
import type { Quirk } from "./quirkProxy.ts";
import { batchesRefused, changing, nullHeaders, nullReceipts, rateLimited, refusing } from "./refusals.ts";

const PATIENCE_MS = 800;
/** Steps after which an index that does not come up is said not to. */
const MOST_STEPS = 400;
const WAITING: ReadonlySet<IndexStep["kind"]> = new Set(["behind", "incomplete", "moved"]);
const ALCHEMY = {
  code: -32_600,
  message: "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range",
};

describe("an index through endpoints as they are", function () {
  this.timeout(60_000);
  const folder = suiteFolder();
  let scenario: Scenario;
  let chain: RpcEndpoint;
  let proxy: QuirkProxy;
  let plain: Record<string, unknown[]>;
  let opened: { file: IndexFile; source: IndexSource } | undefined;
  let count = 0;

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    chain = await serveChain(scenario);
    await writeIndex(scenario, folder.file("plain.sqlite"));
    plain = contents(folder.file("plain.sqlite"));
  });
  after(() => chain.close());
  beforeEach(async () => {
    proxy = await QuirkProxy.start(chain.url);
  });
  afterEach(async () => {
    opened?.file.close();
    opened?.source.close();
    opened = undefined;
    await proxy.close();
  });

  /** An index of its own file that reads through the proxy. */
  const open = (recheckMs?: number): { readonly path: string; readonly indexer: Indexer } => {
    const path = folder.file(`${++count}.sqlite`);
    const file = IndexFile.open(path, chainOf(scenario));
    const source = rpcIndexSource(proxy.url, chainOf(scenario).chainId, PATIENCE_MS);
    opened = { file, source };
    const recheck = recheckMs === undefined ? {} : { recheckMs };
    return { path, indexer: new Indexer({ source, chain: chainOf(scenario), file, ...recheck }) };
  };

  /** Steps until the index says that it is up to date. What fails is tried again, as it is while an index follows. */
  const bringUp = async (indexer: Indexer): Promise<IndexStep["kind"][]> => {
    const kinds: IndexStep["kind"][] = [];
    while (kinds.at(-1) !== "current") {
      if (kinds.length > MOST_STEPS) throw new Error(`It does not come up: ${kinds.slice(-9).join(", ")}`);
      const step = await indexer.step().catch(() => undefined);
      kinds.push(step?.kind ?? "refused");
    }
    return kinds;
  };

  const HARMLESS: Readonly<Record<string, readonly Quirk[]>> = {
    "answers for ten blocks at once": [limitedLogs({ blocks: 10, error: ALCHEMY })],
    "leaves out what does not fit into thirty logs, and does not say so": [truncatedLogs(30)],
    "has one backend that is three blocks behind": [lag({ blocks: 3, every: 5 })],
    "has a newest block that goes back and forth": [flap(3)],
    "does not find headers in one of six calls": [
      refusing(
        "no header",
        { method: "eth_call", every: 6 },
        { error: { code: -32_000, message: "header not found" } },
      ),
    ],
    "gives no header now and then": [nullHeaders({ every: 7 })],
    "gives no receipt now and then": [nullReceipts({ every: 9, times: 6 })],
    "limits the rate": [rateLimited(30, 2, { status: 429, headers: { "retry-after": "1" } })],
    "is overloaded now and then": [
      refusing("503", { share: 0.08 }, { status: 503, body: "<html>busy</html>" }),
      refusing("cut", { share: 0.08 }, { drop: true }),
      refusing("half", { share: 0.04 }, { status: 200, body: '{"jsonrpc":"2.0","id":1,"res' }),
    ],
  };
  for (const [endpoint, quirks] of Object.entries(HARMLESS)) {
    it(`has all that a plain endpoint gives where its endpoint ${endpoint}`, async () => {
      proxy.use(...quirks);
      const { path, indexer } = open();
      await bringUp(indexer);
      expect(contents(path)).to.deep.equal(plain);
      proxy.expectStruck();
    });
  }

  it("sends no batches, so nobody has to bear them", async () => {
    proxy.use(batchesRefused(1, { error: { code: -32_600, message: "batch requests are not supported" } }));
    const { path, indexer } = open();
    await bringUp(indexer);
    expect([contents(path), proxy.batches]).to.deep.equal([plain, []]);
  });

  it("is not up to date while logs are behind, and is once they are there, though no block comes", async () => {
    proxy.use(lag({ blocks: 12, of: ["logs"] }));
    const { path, indexer } = open();
    let step = await indexer.step();
    while (!WAITING.has(step.kind)) {
      expect(step.kind).to.be.oneOf(["read", "rewound"]);
      step = await indexer.step();
    }
    for (let again = 0; again < 6; again++) expect((await indexer.step()).kind).to.equal("incomplete");
    expect(contents(path)).to.not.deep.equal(plain);
    proxy.expectStruck();
    proxy.use();
    expect(await bringUp(indexer)).to.include("rewound");
    expect(contents(path)).to.deep.equal(plain);
  });

  it("finds an event that no contract counts when it reads recent blocks again", async () => {
    const withoutLast = (logs: unknown): unknown => (logs as unknown[]).slice(0, -1);
    proxy.use(changing("the last log", { method: "eth_getLogs", times: 1 }, withoutLast));
    const { path, indexer } = open(0);
    await bringUp(indexer);
    proxy.expectStruck();
    const kinds = [(await indexer.step()).kind, ...(await bringUp(indexer))];
    expect(kinds).to.include("rewound");
    expect(contents(path)).to.deep.equal(plain);
  });

  it("never goes back for an endpoint that is behind", async () => {
    const { path, indexer } = open();
    await bringUp(indexer);
    proxy.use(lag({ blocks: 9 }));
    for (let again = 0; again < 4; again++) expect((await indexer.step()).kind).to.equal("behind");
    expect(contents(path)).to.deep.equal(plain);
    proxy.expectStruck();
  });

  it("says that it could not count where the endpoint has forgotten the state", async () => {
    proxy.use(prunedStates(-1));
    const { path, indexer } = open();
    let step = await indexer.step();
    while (step.kind === "read") step = await indexer.step();
    expect(step).to.include({ kind: "current", isVerified: false });
    expect(contents(path)).to.deep.equal(plain);
    proxy.expectStruck();
  });

  it("says as a command that logs are missing, which, and never that it is up to date before they are there", async () => {
    const book = folder.file("addresses.json");
    writeFileSync(
      book,
      JSON.stringify({ format: ADDRESS_BOOK_FORMAT, network: "test", ...chainOf(scenario) }),
    );
    proxy.use(lag({ blocks: 12, of: ["logs"] }));
    const where = ["--rpc", proxy.url, "--address-book", book, "--db", folder.file("served.sqlite")];
    const serving = start(["index", "serve", "--listen", "127.0.0.1:0", "--poll", "0.05", ...where]);
    let said = "";
    const says = async (words: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => (words.test(said) ? resolve() : undefined);
        serving.child.stderr?.on("data", look);
        void serving.done.then(() => reject(new Error(`It ended without ${words}:\n${said}`)));
        look();
      });
    serving.child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    try {
      await says(/The endpoint's logs are incomplete, \d+ of \d+ /);
      const url = await serving.says(/(http:\S+)\n/);
      const status = (await (await fetch(`${url}/status`)).json()) as Record<string, unknown>;
      expect(status["missing"]).to.match(/^\d+ of \d+ /);
      expect(said).to.not.contain("Up to date");
      proxy.use();
      await says(/Up to date at block \d+/);
    } finally {
      serving.child.kill("SIGTERM");
      expect((await serving.done).code).to.equal(130);
    }
    expect(contents(folder.file("served.sqlite"))).to.deep.equal(plain);
  });
});
