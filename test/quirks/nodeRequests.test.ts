import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { LocalFederation } from "../integration/localFederation.ts";
import { Witness, changed } from "./nodeHarness.ts";
import { QuirkProxy } from "./quirkProxy.ts";

/** How much faster than by default an idle node looks in this test, and the seconds of default pace that are watched. */
const SPEED = 20;
const WATCHED_SECONDS = 120;
const IDLE_POLL_MS = 6000 / SPEED;

describe("A node that has nothing to do", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  let proxy: QuirkProxy;
  afterEach(async () => {
    await federation.close();
    await proxy.close();
  });

  it("asks its endpoint at most twenty times a minute, waiting for a task's start or not", async () => {
    const witness = new Witness();
    federation = await LocalFederation.start({ nodes: 2, logger: witness.logger });
    const [first] = federation.nodes;
    if (first === undefined) throw new Error("there are two nodes");
    proxy = await QuirkProxy.start(String(first.config.rpcUrl));
    const idle = changed(first, { rpcUrl: proxy.url, idlePollMs: IDLE_POLL_MS });
    federation.startNode(idle, witness.see);
    await witness.until(() => witness.said("node is running").length === 1);
    // Its own endpoints are published, its accounts read.
    await witness.until(() => witness.status?.accounts !== undefined);
    const minutes = WATCHED_SECONDS / 60;
    const watch = async (): Promise<number> => {
      const before = proxy.total;
      await sleep((WATCHED_SECONDS * 1000) / SPEED);
      return proxy.total - before;
    };
    expect(await watch()).to.be.at.most(20 * minutes);
    // A task that waits for a second member.
    const task = await federation.publish({ minNodes: 2 });
    await federation.join(task, [first]);
    await witness.until(() => witness.status?.tasks[0]?.doing === "waiting for the start");
    // Taking the task up asks a few things once.
    await sleep(1000);
    expect(await watch()).to.be.at.most(20 * minutes);
  });
});
