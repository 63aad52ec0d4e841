import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Interface } from "ethers";
import { taskRegistryAbi } from "#protocol/contracts/abis";
import { Phase, TaskState } from "#protocol/contracts/enums";
import { bps, type TaskId } from "#protocol/ids";
import { LocalFederation, type FederationNode } from "../integration/localFederation.ts";
import { lag } from "./lag.ts";
import { Witness, changed } from "./nodeHarness.ts";
import { QuirkProxy, type Quirk } from "./quirkProxy.ts";
import { emptyLogs, nullHeaders, refusing } from "./refusals.ts";

const MEMBER = new Interface(taskRegistryAbi).getFunction("member")?.selector ?? "";
const BUSY = { error: { code: -32_005, message: "limit exceeded" } };
const ROUNDS = 2;
/** Long enough for whatever an endpoint does in this test, short for the one round that a fault would lose. */
const TERMS = {
  rounds: ROUNDS,
  minNodes: 3,
  quorumBps: bps(6000),
  trainingSeconds: 120,
  aggregationSeconds: 120,
  fetchSeconds: 30,
  objectionSeconds: 30,
  negotiationSeconds: 120,
  slotSeconds: 60,
} as const;

describe("A node whose endpoint is not as the book says", function () {
  this.timeout(240_000);
  let federation: LocalFederation;
  let proxy: QuirkProxy;
  let witness: Witness;
  afterEach(async () => {
    await proxy.close();
    await federation.close();
  });

  /** Three nodes, the first behind a proxy. */
  async function start(...quirks: readonly Quirk[]): Promise<FederationNode> {
    witness = new Witness();
    federation = await LocalFederation.start({ nodes: 3, logger: witness.logger });
    const [first, ...others] = federation.nodes;
    if (first === undefined) throw new Error("there are three nodes");
    proxy = await QuirkProxy.start(String(first.config.rpcUrl), quirks);
    const behind = changed(first, { rpcUrl: proxy.url });
    federation.startNode(behind, witness.see);
    for (const node of others) federation.startNode(node);
    return behind;
  }

  /** Waits for the end, and checks that the node behind the proxy took part in every round. */
  async function tookPart(task: TaskId): Promise<void> {
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);
    for (const event of ["UpdateAccepted", "ReportAccepted"]) {
      const own = (await federation.events(task, event)).filter((args) => Number(args["nodeId"]) === 1);
      expect(own, event).to.have.length(ROUNDS);
    }
    proxy.expectStruck();
    expect(witness.said("the task is not served")).to.have.length(0);
  }

  it("goes on through refused reads at every change of phase, and calls them the endpoint's", async () => {
    await start(refusing("a membership", { method: "eth_call", selector: MEMBER, every: 2 }, BUSY));
    const task = await federation.publish(TERMS);
    await federation.join(task);
    await tookPart(task);
    const words = witness.texts.filter((line) => line.includes("refused by the contract"));
    expect(words.filter((line) => line.includes("limit exceeded"))).to.have.length(0);
    // A rate limit is named as such at once.
    expect(witness.texts.some((line) => line.includes("limits the rate of requests"))).to.equal(true);
  });

  it("finds a task and takes part although no log ever names it", async () => {
    await start(emptyLogs({ where: ({ params }) => isRegistries(params[0]) }));
    const task = await federation.publish(TERMS);
    await federation.join(task);
    await tookPart(task);
  });

  it("signs nothing on logs that lag behind their blocks, says so once, and goes on when they come", async () => {
    await start(lag({ blocks: 8, of: ["logs"] }));
    const task = await federation.publish({ ...TERMS, gammaBps: bps(10_000) });
    await federation.join(task);
    await tookPart(task);
    const said = witness.said(
      "the endpoint's logs do not name all updates that the contract counts: waiting for them",
      1,
    );
    expect(said.map(({ round }) => round)).to.deep.equal([1, 2]);
  });

  it("keeps what it signed where it was, though its endpoint did not have the deployment's block at first", async () => {
    const isDeployments = (block: unknown): boolean => Number(block) === federation.book.deploymentBlock;
    await start(nullHeaders({ times: 2, where: ({ params }) => isDeployments(params[0]) }));
    const task = await federation.publish(TERMS);
    await federation.join(task);
    await tookPart(task);
    const [first] = federation.nodes;
    const [name, ...others] = await readdir(join(first?.config.dataDir ?? "", "tasks"));
    const block = await federation.chain.provider.getBlock(federation.book.deploymentBlock);
    expect(others).to.have.length(0);
    expect(name?.endsWith(block?.hash?.slice(2, 10) ?? "?")).to.equal(true);
  });

  it("stops in order while its endpoint answers nothing any more", async () => {
    const first = await start();
    const task = await federation.publish(TERMS);
    await federation.join(task);
    await witness.until(() => witness.status?.tasks[0]?.doing === "waiting for the others' updates");
    const silence = refusing("silence", {}, { hang: true });
    proxy.use(silence);
    await witness.until(() => (proxy.strikes[silence.name] ?? 0) > 2);
    await federation.stopNode(first);
    expect(witness.said("node has stopped", first.nodeId)).to.have.length(1);
    expect(witness.said("the node exits although a part of it did not stop")).to.have.length(0);
  });

  function isRegistries(filter: unknown): boolean {
    const { address } = filter as { address?: string | readonly string[] };
    const { TaskRegistry } = federation.book.contracts;
    return [address].flat().some((one) => one?.toLowerCase() === TaskRegistry.toLowerCase());
  }
});
