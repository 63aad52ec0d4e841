import { expect } from "chai";
import { audit } from "#audit/audit";
import type { Check } from "#audit/checks";
import type { ArtifactReader } from "#audit/recompute/recomputeAggregates";
import type { AuditReport } from "#audit/report";
import { aggregationRule } from "#learning/aggregation/aggregationRule";
import { toMicro } from "#learning/privacy/budget";
import { leastSpent, spentInTask } from "#learning/privacy/spentInTask";
import { INITIAL_MODEL, encodeArtifact } from "#protocol/artifacts/artifact";
import type { SpentBudget } from "#protocol/artifacts/artifactMetadata";
import { encodeUpdate } from "#protocol/artifacts/compressedUpdate";
import type { CompressionTerms } from "#protocol/manifest/compressionTerms";
import { digestOf } from "#protocol/artifacts/contentAddress";
import { AggregationRule } from "#protocol/contracts/enums";
import type { Digest } from "#protocol/ids";
import { digest as asDigest, memberId, nodeId, taskId } from "#protocol/ids";
import { encodeManifest } from "#protocol/manifest/manifest";
import type { TaskManifest } from "#protocol/manifest/manifest";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import type { ProposalFields } from "../contracts/federation.ts";
import type { Scenario } from "./scenario.ts";
import { beginScenario } from "./scenario.ts";

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
const COMPRESSION = { kind: "top-k-quantised", keepBps: 5000, bits: 8 } as const;

const PRIVATE: TaskManifest = {
  ...MANIFEST,
  privacy: { kind: "gaussian-update", clip: 1, noiseMultiplier: 20, delta: 1e-3 },
};
const RECORDS = 100;
/** What a node says to have spent after so many rounds, times a factor. */
const spent = (rounds: number, factor = 1): SpentBudget => {
  const budget = spentInTask(PRIVATE, Array<number>(rounds).fill(RECORDS)) ?? { epsilon: 0, delta: 0 };
  return toMicro({ ...budget, epsilon: factor * budget.epsilon });
};

const model = (value: number): ModelTensors => [
  { name: "kernel", shape: SHAPE, data: Float32Array.from({ length: 12 }, (_, i) => value + i / 7) },
];

/** A store of all that the nodes made; artifacts can be lost or spoilt. */
class Store implements ArtifactReader {
  readonly artifacts = new Map<Digest, Uint8Array>();

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = await digestOf(bytes);
    this.artifacts.set(digest, bytes);
    return digest;
  }

  async fetch(digest: Digest): Promise<Uint8Array> {
    const bytes = this.artifacts.get(digest);
    if (bytes === undefined) throw new Error("nobody serves it");
    return bytes;
  }
}

/** Whether each check recomputed, and agreed. */
const verdicts = (checks: readonly Check[]): [boolean, boolean][] =>
  checks.map(({ recomputed, agrees }) => [recomputed, agrees]);

/** The store, but one artifact that it will not give since no node may use it. */
const without = (store: Store, unusable: Digest | undefined): ArtifactReader => ({
  fetch: async (digest) => (digest === unusable ? { disqualified: "it is too large" } : store.fetch(digest)),
});

describe("auditing models", () => {
  let scenario: Scenario;
  let store: Store;
  /** Digests of the nodes' updates in the first round. */
  let updates: Digest[];

  beforeEach(async () => {
    scenario = await beginScenario();
    store = new Store();
  });

  /** Plays one round of four nodes; node 4's update is outside of the rule: malformed, or far away. */
  async function playRound(
    rule: AggregationRule,
    lie: ProposalFields = {},
    malformedFourth = rule === AggregationRule.FedAvg,
    compression: CompressionTerms = { kind: "none" },
  ): Promise<void> {
    const { federation, nodes } = scenario;
    const initial = model(0);
    await federation.startTask(
      {
        rounds: 1,
        aggregationRule: rule,
        minNodes: 5,
        byzantineBound: rule === AggregationRule.MultiKrum ? 1 : 0,
        quorumBps: 10_000 as never,
        manifestDigest: await store.put(encodeManifest({ ...MANIFEST, compression })),
        initialModelDigest: await store.put(encodeArtifact(INITIAL_MODEL, initial)),
      },
      nodes,
    );
    const { base } = await federation.round();
    const task = taskId(federation.taskId);
    updates = [];
    const usable = [];
    for (const node of nodes) {
      const malformed = malformedFourth && node.nodeId === 4;
      const local = model(node.nodeId === 4 ? 1000 : node.nodeId);
      const made = { role: "update", task, round: malformed ? 7 : 1, base: asDigest(base) } as const;
      const metadata = { ...made, node: nodeId(node.nodeId) };
      const { bytes, decoded: tensors } = encodeUpdate(metadata, local, initial, compression);
      const digest = await store.put(bytes);
      updates.push(digest);
      if (!malformed) usable.push({ memberId: memberId(node.nodeId), samples: 100 * node.nodeId, tensors });
      await federation.submitUpdates([await federation.update(node, { digest, samples: 100 * node.nodeId })]);
    }
    const name = rule === AggregationRule.FedAvg ? "fedavg" : "multiKrum";
    const result = await aggregationRule(name).aggregate(usable, malformedFourth ? 0 : 1);
    const global = { role: "global", task, round: 1, node: 0, base: asDigest(base) } as const;
    const digest = await store.put(encodeArtifact(global, result.tensors));
    await federation.aggregate({ digest, accepted: [1, 2, 3, 5], rejected: [4], ...lie });
    await federation.negotiate();
  }

  /** Plays rounds of a private task in which every node says the true budget, but the fourth what is given. */
  async function playPrivateRounds(fourth: readonly (SpentBudget | undefined)[]): Promise<void> {
    const { federation, nodes } = scenario;
    let global = model(0);
    await federation.startTask(
      {
        rounds: fourth.length,
        manifestDigest: await store.put(encodeManifest(PRIVATE)),
        initialModelDigest: await store.put(encodeArtifact(INITIAL_MODEL, global)),
      },
      nodes,
    );
    const task = taskId(federation.taskId);
    for (const [i, claim] of fourth.entries()) {
      const made = { task, round: i + 1, base: asDigest((await federation.round()).base) } as const;
      const usable = [];
      for (const node of nodes) {
        const tensors = model(node.nodeId);
        const said = node.nodeId === 4 ? claim : spent(i + 1);
        const metadata = {
          ...made,
          role: "update",
          node: nodeId(node.nodeId),
          ...(said && { spent: said }),
        } as const;
        const digest = await store.put(encodeArtifact(metadata, tensors));
        usable.push({ memberId: memberId(node.nodeId), samples: RECORDS, tensors });
        await federation.submitUpdates([await federation.update(node, { digest, samples: RECORDS })]);
      }
      global = (await aggregationRule("fedavg").aggregate(usable, 0)).tensors;
      const digest = await store.put(encodeArtifact({ ...made, role: "global", node: 0 }, global));
      await federation.aggregate({ digest, accepted: [1, 2, 3, 4, 5], rejected: [] });
      await federation.negotiate();
    }
  }

  const reportOf = async (artifacts: ArtifactReader): Promise<AuditReport> =>
    audit({
      chain: { source: scenario.source },
      addressBook: scenario.deployment,
      models: {
        artifacts,
        aggregate: (rule, given, f) => aggregationRule(rule).aggregate(given, f),
        leastSpent,
      },
    });

  async function checksOf(kind: Check["kind"], artifacts: ArtifactReader = store): Promise<readonly Check[]> {
    const report = await reportOf(artifacts);
    const others = report.checks.filter(
      (check) => !check.agrees && !/artifact|model|privacy/.test(check.kind),
    );
    expect(others).to.deep.equal([]);
    return report.checks.filter((check) => check.kind === kind);
  }

  it("makes the same bytes again, and the same update is disqualified", async () => {
    await playRound(AggregationRule.FedAvg);
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[true, true]]);
    const forms = (await checksOf("update.artifact")).filter(({ subject }) => subject.endsWith("form"));
    expect(forms.map((check) => check.agrees)).to.deep.equal([true, true, true, true, true]);
    expect(forms[3]?.found).to.contain("round is 7, not 1");
  });

  it("makes the same bytes again from compressed updates, if their base can be had", async () => {
    await playRound(AggregationRule.FedAvg, {}, true, COMPRESSION);
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[true, true]]);
    const forms = (await checksOf("update.artifact")).filter(({ subject }) => subject.endsWith("form"));
    expect(forms[3]?.found).to.contain("round is 7, not 1");

    store.artifacts.delete(await digestOf(encodeArtifact(INITIAL_MODEL, model(0))));
    const [check] = await checksOf("aggregate.model");
    expect(check).to.include({ recomputed: false, agrees: true });
    expect(check?.expected).to.contain("base of the updates");
  });

  it("rejects whom the rule rejects", async () => {
    await playRound(AggregationRule.MultiKrum);
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[true, true]]);
  });

  it("lets a disqualified update use up one of the rule's Byzantine members", async () => {
    await playRound(AggregationRule.MultiKrum, {}, true);
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[true, true]]);
  });

  it("finds a model that a whole committee attested and the updates do not give", async () => {
    await playRound(AggregationRule.FedAvg, { digest: `0x${"12".repeat(32)}` });
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[true, false]]);
  });

  it("finds that an honest update was rejected and a malformed one accepted", async () => {
    await playRound(AggregationRule.FedAvg, { accepted: [1, 2, 3, 4], rejected: [5] });
    const models = await checksOf("aggregate.model");
    expect(verdicts(models)).to.deep.equal([[true, false]]);
    const wrong = (await checksOf("update.artifact")).filter((check) => !check.agrees);
    expect(wrong.map((check) => check.subject)).to.deep.equal(["artifact of node 4: form"]);
  });

  it("takes an artifact that no node may use for what it is", async () => {
    await playRound(AggregationRule.FedAvg);
    const [first, , , fourth] = updates;
    expect(verdicts(await checksOf("aggregate.model", without(store, fourth)))).to.deep.equal([[true, true]]);
    expect(verdicts(await checksOf("aggregate.model", without(store, first)))).to.deep.equal([[true, false]]);
  });

  it("finds bytes that are not those of their digest", async () => {
    await playRound(AggregationRule.FedAvg);
    const digest = updates[1] ?? asDigest("");
    const bytes = Uint8Array.from(store.artifacts.get(digest) ?? []);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    store.artifacts.set(digest, bytes);
    const wrong = (await checksOf("update.artifact")).filter((check) => !check.agrees);
    expect(wrong.map((check) => check.subject)).to.deep.equal(["artifact of node 2"]);
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([[false, true]]);
  });

  it("says which model it could not make again because an update is gone", async () => {
    await playRound(AggregationRule.FedAvg);
    store.artifacts.delete(updates[2] ?? asDigest(""));
    const [check] = await checksOf("aggregate.model");
    expect(check).to.include({ recomputed: false, agrees: true });
    expect(check?.expected).to.equal("update of node 3: could not be fetched: nobody serves it");
  });

  it("names by whose silence models could not be made again, and how many of all", async () => {
    await playPrivateRounds([spent(1), spent(2)]);
    const kept = new Map(store.artifacts);
    const ofThird = (await checksOf("update.artifact"))
      .filter(({ subject }) => subject === "artifact of node 3")
      .map(({ found }) => asDigest(found));
    for (const digest of ofThird) store.artifacts.delete(digest);
    const told = async (): Promise<unknown> =>
      (await reportOf(store)).missing.map(({ kind, count, of, nodeIds, reasons }) => [
        `${count} of ${of} ${kind}`,
        nodeIds,
        reasons,
      ]);
    expect(await told()).to.deep.equal([
      ["2 of 19 update.artifact", [3], ["node 3 serves nothing"]],
      ["2 of 2 aggregate.model", [3], ["node 3 serves nothing"]],
    ]);
    const [first = asDigest("")] = ofThird;
    store.artifacts.set(first, kept.get(first) ?? new Uint8Array());
    expect(await told()).to.deep.equal([
      ["1 of 20 update.artifact", [3], ["nobody serves 1 of 2 updates of node 3"]],
      ["1 of 2 aggregate.model", [3], ["nobody serves 1 of 2 updates of node 3"]],
    ]);
    store.artifacts.clear();
    expect(await told()).to.deep.equal([
      [
        "2 of 2 aggregate.model",
        [1, 2, 3, 4, 5],
        ["none of the nodes 1, 2, 3, 4, 5 serves the manifest of task 1"],
      ],
    ]);
  });

  it("asks the maker of an update first, then the round's others, then whoever was a member before", async () => {
    const { federation, nodes } = scenario;
    const [one] = nodes;
    if (one === undefined) throw new Error("The scenario has no nodes");
    await federation.startTask(
      { rounds: 2, manifestDigest: await store.put(encodeManifest(MANIFEST)) },
      nodes,
    );
    await federation.leave(one);
    await federation.playRound();
    await federation.playRound();
    const asked: string[] = [];
    await reportOf({
      fetch: async (digest, { round, nodeId: maker, endpoints }) => {
        if (round === 2) asked.push(`${maker}: ${endpoints.map((url) => url.at(-1)).join("")}`);
        return store.fetch(digest);
      },
    });
    expect(asked).to.include.members(["2: 25341", "4: 45231", "0: 52341"]);
  });

  it("takes the privacy budgets that honest nodes say to have spent, and more", async () => {
    await playPrivateRounds([spent(1), spent(2, 3)]);
    const checks = await checksOf("update.privacy");
    expect(checks.map(({ agrees }) => agrees)).to.deep.equal(Array<boolean>(10).fill(true));
    expect(checks.at(-2)?.subject).to.equal("artifact of node 4: privacy budget");
    expect(verdicts(await checksOf("aggregate.model"))).to.deep.equal([
      [true, true],
      [true, true],
    ]);
  });

  it("finds a privacy budget that is absent, smaller than before, or below the accountant's", async () => {
    const { epsilonMicro, deltaMicro } = spent(4);
    const claims = [
      undefined,
      spent(2, 5),
      spent(2, 4),
      { epsilonMicro, deltaMicro: deltaMicro - 1 },
      spent(4),
      spent(6),
    ];
    await playPrivateRounds(claims);
    const checks = await checksOf("update.privacy");
    const wrong = checks.filter(({ agrees }) => !agrees);
    expect(wrong.map(({ round, subject }) => [round, subject.split(":")[0]])).to.deep.equal(
      [1, 3, 4, 5].map((round) => [round, "artifact of node 4"]),
    );
    expect(wrong[0]).to.include({ found: "none" });
    expect(wrong[0]?.expected).to.match(/^at least epsilon 0\.\d+ at delta 0\.001$/);
    expect(wrong[1]?.expected).to.equal(`at least epsilon ${spent(2, 5).epsilonMicro / 1e6} at delta 0.001`);
    expect(wrong[3]?.expected).to.equal(
      `at least epsilon ${(spent(5).epsilonMicro - 1) / 1e6} at delta 0.001`,
    );
  });
});
