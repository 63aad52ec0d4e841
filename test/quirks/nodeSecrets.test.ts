import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parseEndpoints } from "#protocol/endpoints/endpoints";
import { AGGREGATION_PATH } from "#node/rounds/aggregationMessages";
import { Phase } from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import { LocalFederation } from "../integration/localFederation.ts";
import { Witness, changed } from "./nodeHarness.ts";
import { QuirkProxy } from "./quirkProxy.ts";
import { refusing } from "./refusals.ts";

const KEY = "0f1e2d3c-THE-SECRET-KEY";

describe("A node whose endpoint's address holds a key", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  let proxy: QuirkProxy;
  afterEach(async () => {
    await federation.close();
    await proxy.close();
  });

  it("shows it to nobody, in log, status or answer, while the endpoint refuses", async () => {
    const witness = new Witness("trace");
    federation = await LocalFederation.start({ nodes: 2, logger: witness.logger });
    const [first] = federation.nodes;
    if (first === undefined) throw new Error("there are two nodes");
    proxy = await QuirkProxy.start(String(first.config.rpcUrl));
    const { host } = new URL(proxy.url);
    const rpcUrl = `http://user:${KEY}@${host}/v2/${KEY}?apikey=${KEY}`;
    federation.startNode(changed(first, { rpcUrl }), witness.see);
    const task = await federation.publish({ minNodes: 2, trainingSeconds: 120, quorumBps: bps(10_000) });
    await federation.join(task);
    await federation.until(task, ({ phase, postedCount }) => phase === Phase.Training && postedCount === 1);
    await witness.until(() => witness.status?.endpoints !== undefined);
    // From now on every request fails, and the endpoint repeats the key in its own words.
    const body = JSON.stringify({ error: `unavailable, key=${KEY}` });
    proxy.use(refusing("5xx", {}, { status: 503, body }));
    const answers: string[] = [];
    const view = await federation.chain.roundOf(task);
    const [gateway] = parseEndpoints(witness.status?.endpoints ?? "").gateways;
    const { round, retry, attempt, base } = view;
    const common = { taskId: task, round, retry, attempt, base };
    const attest = {
      ...common,
      kind: "attest",
      rank: 0,
      digest: `0x${"11".repeat(32)}`,
      accepted: [1, 2],
      rejected: [],
      signature: `0x${"22".repeat(65)}`,
    };
    for (const message of [attest, { ...common, kind: "review", available: [1] }]) {
      const response = await fetch(new URL(AGGREGATION_PATH, gateway), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
      });
      answers.push(await response.text());
    }
    await witness.until(() => witness.texts.some((line) => line.includes("is not working at the moment")));
    await federation.stopNode(first);
    const status = await readFile(join(first.config.dataDir, "status.json"), "utf8");
    proxy.expectStruck();
    for (const text of [...witness.texts, JSON.stringify(witness.status), status, ...answers])
      expect(text).not.to.contain(KEY);
    expect(status).to.contain(`http://${host}`);
  });
});
