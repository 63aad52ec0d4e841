import { expect } from "chai";
import { auditRpc } from "#audit/reading/auditRpc";
import { auditModels } from "#audit/recompute/auditModels";
import { epsilonOf } from "#learning/privacy/accountant";
import { toMicro } from "#learning/privacy/budget";
import { usesOfTraining } from "#learning/privacy/privacyUses";
import type { TaskActivity } from "#node/status/nodeStatus";
import { PrivacyLedger } from "#node/privacyLedger";
import { decodeArtifact } from "#protocol/artifacts/artifact";
import { TaskState } from "#protocol/contracts/enums";
import type { Digest } from "#protocol/ids";
import { start } from "../cli/concordat.ts";
import { LocalFederation, type FederationNode } from "./localFederation.ts";

const PRIVACY = { kind: "dp-sgd", clip: 1, noiseMultiplier: 2, delta: 1e-3 } as const;
/** 20 training records of each of four classes, in batches of 20. */
const PLAN = { records: 80, features: 256, batchSize: 20, localEpochs: 1 };
const epsilons = [1, 2].map((rounds) => {
  const uses = usesOfTraining(PRIVACY, PLAN);
  return epsilonOf(
    uses.map(({ mechanism, times }) => ({ mechanism, times: rounds * times })),
    PRIVACY.delta,
  );
});
const spentAfter = (rounds: number) => epsilons[rounds - 1] ?? 0;

describe("A federation that trains with DP-SGD", function () {
  this.timeout(300_000);
  let federation: LocalFederation;
  afterEach(async () => federation.close());

  it("says in every update what its node has spent, and a node whose budget is spent sits out", async () => {
    const limit = { epsilon: 1.01 * spentAfter(1), delta: PRIVACY.delta };
    federation = await LocalFederation.start({ nodes: 4, privacy: PRIVACY, privacyBudgets: { 3: limit } });
    const task = await federation.publish({ rounds: 2 });
    await federation.join(task);
    const [frugal, ...others] = federation.nodes.toReversed() as [FederationNode, ...FederationNode[]];
    const isOver = ({ doing }: TaskActivity) => doing.startsWith("over");
    const over = others.map(async (node) => seen(node, isOver));
    const refusal = await seen(frugal, ({ doing }) => doing.startsWith("sitting out"));
    expect(refusal.round).to.equal(2);
    expect(refusal.problem).to.match(
      /^Training would bring this node's privacy budget to epsilon \d.*above its limit of .*raise privacyBudget/,
    );
    // A node that did not train has no model to mix: it is missing in the negotiation too.
    for (const result of ["UpdateAccepted", "ReportAccepted"]) {
      await federation.until(task, async () => (await federation.events(task, result)).length === 7);
      await federation.passSeconds(70);
    }
    const activities = await Promise.all(over);

    expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);
    expect(activities.map(({ spentBudget }) => spentBudget?.epsilon)).to.deep.equal(
      [2, 2, 2].map(spentAfter),
    );
    const updates = await federation.events(task, "UpdateAccepted");
    const providers = await Promise.all(
      federation.nodes.map(async ({ nodeId }) => (await federation.chain.node(nodeId)).endpoints),
    );
    for (const { round, nodeId, digest } of updates.map((args) => ({
      round: Number(args["round"]),
      nodeId: Number(args["nodeId"]),
      digest: args["digest"] as Digest,
    }))) {
      const bytes = await federation.store.get(digest, { maxBytes: 1 << 20, timeoutMs: 5000, providers });
      const { metadata } = decodeArtifact(bytes, {
        specs: federation.manifest.model.tensors,
        role: "update",
      });
      expect(metadata.spent, `node ${nodeId} in round ${round}`).to.deep.equal(
        toMicro({ epsilon: spentAfter(round), delta: PRIVACY.delta }),
      );
    }
    const report = await auditRpc({
      rpcUrl: frugal.config.rpcUrl,
      addressBook: federation.book,
      models: auditModels(federation.store, federation.signal.signal),
    });
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.counts["update.privacy"]).to.deep.equal({ agree: 7, disagree: 0, notRecomputed: 0 });
    const { rpcUrl, addressBook } = frugal.config;
    const show = ["task", "show", String(task), "--rpc", String(rpcUrl), "--address-book", addressBook];
    const { stdout } = await start(show).done;
    const all = spentAfter(2).toPrecision(3);
    expect(stdout).to.contain(`epsilon ${all} at delta 0.001 after 2 rounds, for a node of 80 records`);
    expect(stdout.match(new RegExp(` 80 +${all}$`, "gm"))).to.have.length(4);
    await federation.stopNode(frugal);
    const ledger = await PrivacyLedger.open(`${frugal.config.dataDir}/privacy-ledger.json`);
    const [name = ""] = ledger.tasks;
    expect(name).to.match(new RegExp(`/task-${task}$`));
    expect((await ledger.spent(name, PRIVACY.delta)).epsilon).to.equal(spentAfter(1));
  });

  it("does not train without differential privacy where a node's operator limits it", async () => {
    const limit = { epsilon: 1, delta: 1e-5 };
    federation = await LocalFederation.start({ nodes: 2, privacyBudgets: { 0: limit } });
    const task = await federation.publish({ minNodes: 2 });
    await federation.join(task);
    const [limited, other] = federation.nodes as [FederationNode, FederationNode];
    federation.startNode(other);
    const { problem } = await seen(limited, ({ doing }) => doing.startsWith("sitting out"));
    expect(problem).to.match(/trains without differential privacy/);
  });

  it("is not served by a node with so many records that delta allows to publish one", async () => {
    federation = await LocalFederation.start({ nodes: 2, privacy: { ...PRIVACY, delta: 1 / 79 } });
    const task = await federation.publish({ minNodes: 2 });
    await federation.join(task);
    const [node] = federation.nodes as [FederationNode];
    const { problem } = await seen(node, ({ doing }) => doing === "not served");
    expect(problem).to.match(/not below 1\/n for n = 80 records/);
  });

  /** Starts a node and waits for what it does. */
  async function seen(
    node: FederationNode,
    matches: (activity: TaskActivity) => boolean,
  ): Promise<TaskActivity> {
    return new Promise((resolve) => {
      federation.startNode(node, ({ tasks }) => {
        const found = tasks.find(matches);
        if (found !== undefined) resolve(found);
      });
    });
  }
});
