import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { auditRpc } from "#audit/reading/auditRpc";
import { auditModels } from "#audit/recompute/auditModels";
import type { TaskActivity } from "#node/status/nodeStatus";
import { readPersonalised } from "#node/rounds/personalisedModel";
import { INITIAL_MODEL, decodeArtifact, maxArtifactBytes } from "#protocol/artifacts/artifact";
import { fromBitmap } from "#protocol/rules/bitmap";
import { encodeUpdate, maxUpdateBytes } from "#protocol/artifacts/compressedUpdate";
import { blockBytes, digestOf } from "#protocol/artifacts/contentAddress";
import { AggregationRule, TaskState, TrainingBase } from "#protocol/contracts/enums";
import type { Digest, TaskId } from "#protocol/ids";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { LocalFederation, type FederationNode } from "./localFederation.ts";

const COMPRESSION = { kind: "top-k-quantised", keepBps: 1000, bits: 8 } as const;
const ROUNDS = 3;

describe("A federation whose updates are compressed", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  afterEach(async () => federation.close());

  it("trains on while a rule rejects an update in each round and a node is killed; the audit agrees", async () => {
    federation = await LocalFederation.start({ nodes: 5, compression: COMPRESSION });
    const { signal } = federation.signal;
    const task = await federation.publish({
      rounds: ROUNDS,
      trainingBase: TrainingBase.Personalised,
      aggregationRule: AggregationRule.MultiKrum,
      byzantineBound: 1,
      quorumBps: 10_000 as never,
    });
    await federation.join(task);
    const [killed, ...others] = federation.nodes as [FederationNode, ...FederationNode[]];
    const isOver = ({ doing }: TaskActivity): boolean => doing.startsWith("over");
    const over = others.map(async (node) => seen(node, isOver));
    await seen(killed, ({ round, doing }) => round === 2 && doing.startsWith("posting its update"));
    await federation.stopNode(killed);
    await seen(killed, isOver);
    const activities = await Promise.all(over);
    expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);

    const aggregates = await federation.events(task, "AggregateAccepted");
    expect(aggregates.map((event) => fromBitmap(event["rejected"]).length)).to.deep.equal([1, 1, 1]);
    const endpoints = await presentEndpoints();
    const models = auditModels(federation.store, signal);
    const report = await auditRpc({
      rpcUrl: killed.config.rpcUrl,
      addressBook: federation.book,
      // The killed node came back at other endpoints than those of the first round.
      models: {
        ...models,
        artifacts: { fetch: (digest, hints) => models.artifacts.fetch(digest, { ...hints, endpoints }) },
      },
    });
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.counts["aggregate.model"]).to.deep.equal({ agree: 3, disagree: 0, notRecomputed: 0 });

    for (const node of federation.nodes) await checkLastUpdate(task, node);
    activities.forEach(checkTraffic);
  });

  it("sends the same update in the retry of a void round, from the same residual", async () => {
    federation = await LocalFederation.start({ nodes: 4, compression: COMPRESSION });
    const task = await federation.publish({
      rounds: ROUNDS,
      quorumBps: 10_000 as never,
      trainingSeconds: 600,
    });
    await federation.join(task);
    const [absent, ...others] = federation.nodes as [FederationNode, ...FederationNode[]];
    const isOver = ({ doing }: TaskActivity): boolean => doing.startsWith("over");
    const over = others.map(async (node) => seen(node, isOver));
    await seen(absent, ({ round, doing }) => round === 2 && doing === "training");
    await federation.stopNode(absent);
    await federation.until(task, ({ round, postedCount }) => round === 2 && postedCount === 3);
    await federation.passSeconds(610);
    await federation.until(task, ({ round, retry }) => round === 2 && retry === 1);
    await seen(absent, isOver);
    await Promise.all(over);

    const second = (await federation.events(task, "UpdateAccepted")).filter(
      (args) => Number(args["round"]) === 2,
    );
    for (const { nodeId } of others) {
      const own = second.filter((args) => Number(args["nodeId"]) === nodeId);
      expect(own.map((args) => Number(args["retry"]))).to.deep.equal([0, 1]);
      expect(own[0]?.["digest"]).to.equal(own[1]?.["digest"]);
    }
    for (const node of federation.nodes) await checkLastUpdate(task, node);
  });

  /** A node gets the initial model, and in each round the others' updates or the aggregate, or both if it is late. */
  function checkTraffic({ updateBytes = 0, receivedBytes }: TaskActivity): void {
    const specs = federation.manifest.model.tensors;
    expect(updateBytes).to.be.within(1, maxUpdateBytes(specs, COMPRESSION));
    const updates = 4 * blockBytes(updateBytes);
    const [least, model] = [maxArtifactBytes(specs) - 200, maxArtifactBytes(specs) + 200];
    expect(receivedBytes).to.be.within(
      least + ROUNDS * Math.min(updates, least),
      model + ROUNDS * (updates + model),
    );
  }

  /** Makes a node's last update again from what it keeps, and finds the digest that it posted. */
  async function checkLastUpdate(task: TaskId, node: FederationNode): Promise<void> {
    const dir = await taskFolder(node.config.dataDir, task);
    const specs = federation.manifest.model.tensors;
    const { memberId } = await federation.chain.member(task, node.nodeId);
    const earlier = await Promise.all(
      [1, 2].map(async (round) => federation.chain.isAccepted(task, round, memberId as never)),
    );
    const start = earlier.lastIndexOf(true) + 1;
    const read = async (name: string) =>
      decodeArtifact(new Uint8Array(await readFile(join(dir, name))), { specs, role: "update" });
    const { metadata, tensors: local } = await read(`local-${ROUNDS}.safetensors`);
    const residual = start === 0 ? undefined : (await read(`residual-${start}.safetensors`)).tensors;

    const base = await globalModel(metadata.base);
    const update = encodeUpdate(metadata, local, base, COMPRESSION, residual);
    const posted = (await federation.events(task, "UpdateAccepted")).find(
      (args) => Number(args["nodeId"]) === node.nodeId && Number(args["round"]) === ROUNDS,
    );
    expect(await digestOf(update.bytes)).to.equal(posted?.["digest"]);
    expect(update.bytes.length).to.be.at.most(maxUpdateBytes(specs, COMPRESSION));
    expect((await read(`residual-${ROUNDS}.safetensors`)).tensors).to.deep.equal(update.residual);
    expect((await readPersonalised(dir, specs))?.round).to.equal(ROUNDS);
  }

  /** Starts a node; resolves when it is first seen so. */
  async function seen(
    node: FederationNode,
    isSo: (activity: TaskActivity) => boolean,
  ): Promise<TaskActivity> {
    return new Promise((resolve) => {
      federation.startNode(node, ({ tasks }) => {
        const activity = tasks.find(isSo);
        if (activity !== undefined) resolve(activity);
      });
    });
  }

  async function presentEndpoints(): Promise<string[]> {
    return Promise.all(
      federation.nodes.map(async ({ nodeId }) => (await federation.chain.node(nodeId)).endpoints),
    );
  }

  async function globalModel(digest: Digest): Promise<ModelTensors> {
    const providers = await presentEndpoints();
    const bytes = await federation.store.get(digest, { maxBytes: 1 << 20, timeoutMs: 5000, providers });
    const specs = federation.manifest.model.tensors;
    const expected = digest === federation.initialModel ? INITIAL_MODEL : ({ role: "global" } as const);
    return decodeArtifact(bytes, { specs, ...expected }).tensors;
  }
});

/** The folder that a node keeps for a task. */
async function taskFolder(dataDir: string, task: TaskId): Promise<string> {
  const [deployment = ""] = await readdir(join(dataDir, "tasks"));
  return join(dataDir, "tasks", deployment, `task-${task}`);
}
