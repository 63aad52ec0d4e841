import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { readPersonalised } from "#node/rounds/personalisedModel";
import type { TaskActivity } from "#node/status/nodeStatus";
import { decodeArtifact } from "#protocol/artifacts/artifact";
import { fromBitmap } from "#protocol/rules/bitmap";
import { MemberStatus, Phase, TaskState } from "#protocol/contracts/enums";
import type { NodeId, TaskId } from "#protocol/ids";
import { LOCAL_UPDATE_TYPES, resultDomain } from "#protocol/messages/signedResults";
import { LocalFederation, type FederationNode } from "./localFederation.ts";
import { withNotANumber } from "./poisonedUpdate.ts";

describe("A federation of nodes on one chain", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  afterEach(async () => federation.close());

  const state = async (task: TaskId) => (await federation.chain.taskStatus(task)).state;
  const ended = (task: TaskId) => federation.until(task, ({ phase }) => phase === Phase.Ended);

  it("trains round after round until the task is completed, and leaves each node a personalised model", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const over = federation.nodes.map((node) => doing(node, /^over/));
    const task = await federation.publish({ rounds: 3 });
    await federation.join(task);
    await ended(task);

    const { roundsPlayed } = await federation.chain.taskStatus(task);
    expect({ state: await state(task), roundsPlayed }).to.deep.equal({
      state: TaskState.Completed,
      roundsPlayed: 3,
    });
    expect(await federation.events(task, "RoundVoided")).to.have.length(0);
    expect(await federation.events(task, "UpdateAccepted")).to.have.length(12);
    expect(await federation.events(task, "ReportAccepted")).to.have.length(12);

    await Promise.all(over);
    const { aggregate } = await federation.chain.roundOf(task);
    const specs = federation.manifest.model.tensors;
    const options = { maxBytes: 1 << 20, timeoutMs: 5000, providers: [await endpoints(1)] };
    const global = decodeArtifact(await federation.store.get(aggregate, options), {
      specs,
      role: "global",
      round: 3,
    });
    for (const { config } of federation.nodes) {
      const own = await readPersonalised(await taskFolder(config.dataDir, task), specs);
      expect(own?.round).to.equal(3);
      expect(own?.tensors[0]?.data.length).to.equal(global.tensors[0]?.data.length);
    }
  });

  it("tells in its log and status when rounds are finalised, and when the node has left", async () => {
    const lines: Record<string, unknown>[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
    federation = await LocalFederation.start({ nodes: 4, logger: pino({ level: "info" }, { write }) });
    const task = await federation.publish({ rounds: 2, minNodes: 3 });
    await federation.join(task);
    const [leaver, ...others] = federation.nodes;
    if (leaver === undefined) throw new Error("there are four nodes");
    const left = doing(leaver, /^over: the node has left the task$/);
    for (const node of others) federation.startNode(node);
    await federation.until(task, ({ phase }) => phase === Phase.Training);
    await federation.leave(task, leaver);
    await Promise.all([left, ended(task)]);
    for (const node of federation.nodes) await federation.stopNode(node);

    const said = (msg: string) => lines.filter((line) => line["msg"] === msg);
    expect(said("over: the node has left the task").map(({ node }) => node)).to.deep.equal([leaver.nodeId]);
    expect(said("proposing the aggregate")).to.have.length.at.least(2);
    expect(said("attested the aggregate")).to.have.length.at.least(2);
    const finalised = said("round finalised");
    for (const node of others) {
      const own = finalised.filter((line) => line["node"] === node.nodeId);
      expect(own.map(({ round }) => round)).to.deep.equal([1, 2]);
      for (const { leader, ownScore } of own) {
        expect(leader).to.be.within(1, 4);
        expect(ownScore).to.be.within(0, 10_000);
      }
    }
  });

  it("goes on without its leader: the next rank proposes, and what cannot be fetched is in neither bitmap", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const task = await federation.publish({
      rounds: 1,
      fetchSeconds: 100,
      objectionSeconds: 100,
      slotSeconds: 300,
      aggregationSeconds: 2000,
      negotiationSeconds: 2000,
      trainingSeconds: 2000,
    });
    await federation.join(task);
    await federation.chain.start(task, federation.signal.signal);
    const leader = await leaderOf(task);
    federation.startNode(leader);
    await federation.until(task, ({ postedCount }) => postedCount === 1);
    await federation.stopNode(leader);
    for (const node of federation.nodes) if (node !== leader) federation.startNode(node);

    await federation.until(task, ({ phase }) => phase === Phase.Aggregation);
    await federation.passSeconds(310);
    await federation.until(task, ({ phase }) => phase === Phase.Negotiation);
    const [aggregate] = await federation.events(task, "AggregateAccepted");
    const { memberId } = await federation.chain.member(task, leader.nodeId);
    expect(Number(aggregate?.["proposerRank"])).to.equal(1);
    expect(fromBitmap(aggregate?.["accepted"])).to.have.members([1, 2, 3, 4].filter((id) => id !== memberId));
    expect(fromBitmap(aggregate?.["rejected"])).to.deep.equal([]);
    const missed = await federation.events(task, "DutyMissed");
    expect(missed.map((args) => Number(args["nodeId"]))).to.deep.equal([leader.nodeId]);

    await federation.until(task, ({ reportedCount }) => reportedCount === 3);
    await federation.passSeconds(2100);
    await ended(task);
    expect(await state(task)).to.equal(TaskState.Completed);
  });

  it("rejects an update that holds NaN, and the bitmap says so", async () => {
    federation = await LocalFederation.start({ nodes: 5 });
    const task = await federation.publish({ rounds: 1, negotiationSeconds: 2000 });
    await federation.join(task);
    const [bad, ...good] = federation.nodes as [FederationNode, ...FederationNode[]];
    for (const node of good) federation.startNode(node);
    const { round, retry, base } = await federation.until(task, ({ phase }) => phase === Phase.Training);
    const initial = await federation.store.get(federation.initialModel, {
      maxBytes: 1 << 20,
      timeoutMs: 5000,
    });
    const digest = await federation.store.put(
      withNotANumber(initial, federation.manifest, { task, round, node: bad.nodeId, base }),
    );
    const value = { taskId: task, round, retry, base, node: bad.nodeId, digest, samples: 80 };
    const domain = resultDomain(federation.book.chainId, federation.book.contracts.RoundCoordinator);
    const signature = await bad.wallet.signTypedData(domain, LOCAL_UPDATE_TYPES, value);
    await federation.send(bad.wallet, "submitUpdates", [
      task,
      round,
      retry,
      [{ nodeId: bad.nodeId, samples: 80, digest, signature }],
    ]);

    await federation.until(task, ({ phase }) => phase === Phase.Negotiation);
    const { memberId } = await federation.chain.member(task, bad.nodeId);
    const [aggregate] = await federation.events(task, "AggregateAccepted");
    expect(fromBitmap(aggregate?.["rejected"])).to.deep.equal([memberId]);
    expect(fromBitmap(aggregate?.["accepted"])).to.have.members(
      [1, 2, 3, 4, 5].filter((id) => id !== memberId),
    );
  });

  it("sends what a node signed before it was killed, and signs nothing else for that round", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const task = await federation.publish({ rounds: 2 });
    await federation.join(task);
    const [killed, ...others] = federation.nodes as [FederationNode, ...FederationNode[]];
    await doing(killed, /^posting its update/);
    await federation.stopNode(killed);
    const before = await signedFiles(killed, task);
    expect([...before.keys()]).to.have.length(1);

    const afterRestart: TaskActivity[] = [];
    federation.startNode(killed, ({ tasks }) => afterRestart.push(...tasks));
    for (const node of others) federation.startNode(node);
    await ended(task);

    expect(
      afterRestart.filter(({ round, doing: what }) => round === 1 && what === "training"),
    ).to.have.length(0);
    const after = await signedFiles(killed, task);
    for (const [name, text] of before) expect(after.get(name), name).to.equal(text);
    const posted = (await federation.events(task, "UpdateAccepted")).filter(
      (args) => Number(args["nodeId"]) === killed.nodeId,
    );
    expect(posted.map((args) => Number(args["round"]))).to.deep.equal([1, 2]);
    expect([...before.values()][0]).to.contain(String(posted[0]?.["signature"]));
  });

  it("goes on where it stood after all nodes were down", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const task = await federation.publish({ rounds: 2 });
    await federation.join(task);
    for (const node of federation.nodes) federation.startNode(node);
    await federation.until(task, ({ phase, round }) => round === 1 && phase === Phase.Negotiation);
    await Promise.all(federation.nodes.map((node) => federation.stopNode(node)));
    const { round } = await federation.chain.roundOf(task);

    for (const node of federation.nodes) federation.startNode(node);
    await ended(task);
    expect(round).to.be.at.most(2);
    expect(await state(task)).to.equal(TaskState.Completed);
    expect(await federation.events(task, "RoundVoided")).to.have.length(0);
  });

  it("serves two tasks at once, and takes in a node that joins while a task runs", async () => {
    federation = await LocalFederation.start({ nodes: 4 });
    const [late, ...founders] = federation.nodes as [FederationNode, ...FederationNode[]];
    const first = await federation.publish({ rounds: 3, minNodes: 3 });
    const second = await federation.publish({ rounds: 2, minNodes: 3 });
    await federation.join(first, founders);
    await federation.join(second, founders);
    for (const node of founders) federation.startNode(node);
    await federation.until(first, ({ round }) => round === 1);
    await federation.join(first, [late]);
    federation.startNode(late);
    await Promise.all([ended(first), ended(second)]);
    expect([await state(first), await state(second)]).to.deep.equal([
      TaskState.Completed,
      TaskState.Completed,
    ]);
    expect((await federation.chain.member(first, late.nodeId)).status).to.equal(MemberStatus.Active);
    const posted = await federation.events(first, "UpdateAccepted");
    expect(posted.some((args) => Number(args["nodeId"]) === late.nodeId)).to.equal(true);
  });

  /** Starts a node; resolves when it is first seen at this. */
  async function doing(node: FederationNode, what: RegExp): Promise<void> {
    await new Promise<void>((resolve) => {
      federation.startNode(node, ({ tasks }) => {
        if (tasks.some((activity) => what.test(activity.doing))) resolve();
      });
    });
  }

  async function leaderOf(task: TaskId): Promise<FederationNode> {
    let leader: FederationNode | undefined;
    await federation.until(task, async () => {
      const committee = await federation.chain.committeeOf(task).catch(() => undefined);
      leader = federation.nodes.find(({ nodeId }) => nodeId === committee?.nodeIds[0]);
      return leader !== undefined;
    });
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  async function endpoints(nodeId: number): Promise<string> {
    return (await federation.chain.node(nodeId as NodeId)).endpoints;
  }
});

/** The folder that a node keeps for a task. */
async function taskFolder(dataDir: string, task: TaskId): Promise<string> {
  const [deployment = ""] = await readdir(join(dataDir, "tasks"));
  return join(dataDir, "tasks", deployment, `task-${task}`);
}

/** A node's signed results by file name. */
async function signedFiles({ config }: FederationNode, task: TaskId): Promise<Map<string, string>> {
  const folder = join(await taskFolder(config.dataDir, task), "signed");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
}
