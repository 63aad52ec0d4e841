import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadDataset } from "#learning/data/loadDataset";
import { partition } from "#learning/partition/partition";
import { encodePartition } from "#learning/data/partitionFile";
import { Phase, TaskState } from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import { LocalFederation, type FederationNode } from "../integration/localFederation.ts";
import { Witness, changed } from "./nodeHarness.ts";

/** Phases that end only when all have done their part. */
const PATIENT = {
  trainingSeconds: 300,
  aggregationSeconds: 300,
  negotiationSeconds: 300,
  slotSeconds: 100,
  quorumBps: bps(6000),
} as const;
const DAMAGED = "an artifact is damaged or lost here and is fetched from others";
const RESTORED = "an artifact that was damaged or lost is back";

describe("A node among nodes that lose something", function () {
  this.timeout(240_000);
  let federation: LocalFederation;
  let witness: Witness;
  afterEach(async () => federation.close());

  async function start(count: number): Promise<[FederationNode, ...FederationNode[]]> {
    witness = new Witness();
    federation = await LocalFederation.start({ nodes: count, logger: witness.logger });
    const [first, ...others] = federation.nodes;
    if (first === undefined) throw new Error("there are nodes");
    return [first, ...others];
  }

  it("names who is awaited once half of a phase is over, and what can be done", async () => {
    const [first, second, third, dead] = await start(4);
    const task = await federation.publish({ ...PATIENT, rounds: 1, minNodes: 3 });
    await federation.join(task);
    federation.startNode(first, witness.see);
    for (const node of [second, third]) if (node !== undefined) federation.startNode(node);
    await federation.until(task, ({ postedCount }) => postedCount === 3);
    expect(witness.status?.tasks[0]?.awaits ?? []).to.have.length(0);
    const { memberId } = await federation.chain.member(task, dead?.nodeId ?? first.nodeId);
    await federation.passSeconds(160);
    await witness.until(() => (witness.status?.tasks[0]?.awaits ?? []).length > 0);
    const expected = [{ member: memberId, node: dead?.nodeId, for: "update" }];
    expect(witness.status?.tasks[0]?.awaits).to.deep.equal(expected);
    const message = "more than half of the phase has passed, and it waits for members";
    await witness.until(() => witness.said(message, first.nodeId).length > 0);
    const [said] = witness.said(message, first.nodeId);
    expect(said).to.deep.include({ members: [memberId], nodes: [dead?.nodeId], round: 1 });
    expect(String(said?.["remedy"])).to.contain(`concordat task expel ${dead?.nodeId}`);
    // The phase ends without it, and nobody is awaited where everybody has done his part.
    await federation.passSeconds(160);
    await federation.until(task, ({ phase }) => phase !== Phase.Training);
    await witness.until(() => (witness.status?.tasks[0]?.awaits ?? []).length === 0);
    expect(witness.said(message, first.nodeId)).to.have.length(1);
  });

  it("replaces what its disk damaged, and has back its own updates that it lost", async () => {
    const [first, ...others] = await start(3);
    const task = await federation.publish({ ...PATIENT, rounds: 2 });
    await federation.join(task);
    federation.startNode(first);
    await federation.until(task, ({ postedCount }) => postedCount === 1);
    await federation.stopNode(first);
    const served = join(first.config.dataDir, "artifacts", "served");
    const files = await readdir(served);
    expect(files.length).to.be.at.least(2);
    for (const name of files) {
      const bytes = await readFile(join(served, name));
      bytes[10] = (bytes[10] ?? 0) ^ 1;
      await writeFile(join(served, name), bytes);
    }
    for (const node of federation.nodes) federation.startNode(node);
    await federation.until(task, ({ round }) => round === 2);
    expect(witness.said(DAMAGED, first.nodeId).length).to.be.at.least(1);
    expect(witness.said(RESTORED, first.nodeId)).to.have.length(witness.said(DAMAGED, first.nodeId).length);
    for (const { reason } of witness.said(DAMAGED)) expect(reason).to.contain("damaged on this disk");

    // The last round waits for its aggregate and for all scores: there is time to lose everything.
    await federation.stopNode(first);
    await rm(served, { recursive: true });
    federation.startNode(first);
    await witness.until(() => witness.said("finished looking for lost updates", first.nodeId).length > 0);
    expect(witness.said("updates of this node are lost here", first.nodeId)).to.have.length(1);
    const back = witness.said("an update of this node is back: others had it", first.nodeId);
    expect(back.map(({ round }) => round)).to.deep.equal([1]);
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);
    const scores = await federation.events(task, "ReportAccepted");
    expect(scores.filter(({ nodeId }) => Number(nodeId) === first.nodeId)).to.have.length(2);
    expect(others).to.have.length(2);
  });

  it("looks again at a task that its operator has to mend something for", async () => {
    const [first, second] = await start(2);
    if (second === undefined) throw new Error("there are two nodes");
    const file = join(first.config.dataDir, "shares.json");
    const share = { ...first.config.dataset, partition: { kind: "file", file, index: 0 } } as const;
    federation.startNode(changed(first, { dataset: share }), witness.see);
    federation.startNode(second);
    const task = await federation.publish({ ...PATIENT, rounds: 1 });
    await federation.join(task);
    await witness.until(() => witness.said("the task is not served", first.nodeId).length > 0);
    expect(witness.status?.tasks[0]?.doing).to.equal("not served");
    expect(witness.status?.tasks[0]?.problem).to.contain("shares.json cannot be read");
    const dataset = await loadDataset(federation.manifest.dataset, undefined);
    const spec = { kind: "iid", seed: 1, nodes: 2 } as const;
    await writeFile(file, encodePartition(dataset, spec, partition({ dataset, ...spec })));
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);
    expect(witness.said("the task is not served", first.nodeId)).to.have.length(1);
  });
});
