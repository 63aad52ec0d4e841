import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decodeArtifact } from "#protocol/artifacts/artifact";
import { Phase, Strategy, TrainingBase } from "#protocol/contracts/enums";
import type { Digest, NodeId, TaskId } from "#protocol/ids";
import { parseExperiment, type Experiment } from "#experiments/experiment";
import { digestOfModel } from "#experiments/modelDigest";
import { readRounds } from "#experiments/checkpoint";
import { planJobs } from "#experiments/plan";
import { runTrajectory } from "#experiments/runTrajectory";
import { schemeLabel } from "#experiments/schemes";
import { LocalFederation } from "../integration/localFederation.ts";

const NODES = 4;
const ROUNDS = 2;

/** What a round comes to: digests of each w_k and of w_G, and alpha. */
interface Outcome {
  readonly digests: Readonly<Record<string, string>>;
  readonly alpha: number;
}

describe("One seed through the runner and through nodes on a chain", function () {
  this.timeout(120_000);
  let federation: LocalFederation;
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-same-"));
  });
  afterEach(async () => {
    await federation.close();
    await rm(dir, { recursive: true });
  });

  const cases = [
    { base: "global", compression: { kind: "none" } },
    { base: "personalised", compression: { kind: "none" } },
    { base: "personalised", compression: { kind: "top-k-quantised", keepBps: 1000, bits: 8 } },
  ] as const;
  for (const { base, compression } of cases) {
    it(`gives the same bits of every w_k and w_G and the same alphas: base ${base}, compression ${compression.kind}`, async () => {
      federation = await LocalFederation.start({ nodes: NODES, compression });
      const task = await federation.publish({
        rounds: ROUNDS,
        strategy: Strategy.ArgmaxMean,
        trainingBase: base === "global" ? TrainingBase.Global : TrainingBase.Personalised,
      });
      // Member ids go by the order of joining, and the runner's by place in the partition.
      for (const node of federation.nodes) await federation.join(task, [node]);
      for (const node of federation.nodes) federation.startNode(node);
      await federation.until(task, ({ phase }) => phase === Phase.Ended);

      const chain = await onChain(task);
      for (const node of federation.nodes) await federation.stopNode(node);
      const runner = await inRunner(base);
      expect(runner).to.have.length(ROUNDS);
      if (compression.kind === "none") return expect(runner).to.deep.equal(chain);
      // What is stored of a compressed update is not w_k itself.
      const common = runner.map(({ digests, alpha }) => ({ digests: { w_G: digests["w_G"] }, alpha }));
      return expect(common).to.deep.equal(chain);
    });
  }

  /** Reads a finished task's updates, aggregates and alphas by its events, and its models from its nodes. */
  async function onChain(task: TaskId): Promise<Outcome[]> {
    const specs = federation.manifest.model.tensors;
    const providers = await Promise.all(
      federation.nodes.map(async ({ nodeId }) => (await federation.chain.node(nodeId)).endpoints),
    );
    const digestAt = async (digest: unknown) => {
      const bytes = await federation.store.get(digest as Digest, {
        maxBytes: 1 << 20,
        timeoutMs: 20_000,
        providers,
      });
      return digestOfModel(decodeArtifact(bytes, { specs }).tensors);
    };
    const outcomes: Outcome[] = [];
    const isDense = federation.manifest.compression.kind === "none";
    const updates = isDense ? await federation.events(task, "UpdateAccepted") : [];
    for (const finalised of await federation.events(task, "RoundFinalised")) {
      const digests: Record<string, string> = { w_G: await digestAt(finalised["aggregate"]) };
      for (const update of updates.filter((args) => args["round"] === finalised["round"])) {
        expect(Number(update["memberId"])).to.equal(Number(update["nodeId"] as NodeId));
        digests[`w_k ${Number(update["memberId"])}`] = await digestAt(update["digest"]);
      }
      outcomes.push({ digests, alpha: Number(finalised["alphaBps"]) / 10_000 });
    }
    return outcomes;
  }

  async function inRunner(base: "global" | "personalised"): Promise<Outcome[]> {
    const experiment = await sameTask(base);
    const schemes = experiment.schemes.map((scheme) => ({ label: schemeLabel(scheme), scheme }));
    const jobs = await planJobs(experiment, schemes, {
      out: dir,
      seeds: experiment.seeds,
      rounds: ROUNDS,
      scoring: "test",
    });
    const outcomes: Outcome[] = [];
    for (const job of jobs) {
      await runTrajectory(job, new AbortController().signal, () => undefined);
      for (const { digests, alphas } of await readRounds(job.dir))
        outcomes.push({ digests, alpha: alphas[0]?.alpha ?? Number.NaN });
    }
    return outcomes;
  }

  /** The task of the local federation as an experiment. */
  async function sameTask(base: "global" | "personalised"): Promise<Experiment> {
    const { compression, model, training } = federation.manifest;
    const { optimiser: _, seed, ...settings } = training;
    await writeFile(join(dir, "model.json"), JSON.stringify(model.topology));
    const [first] = federation.nodes;
    if (first === undefined) throw new Error("there are nodes");
    const { kind, index, nodes, ...partition } = first.config.dataset.partition as Record<string, unknown>;
    expect({ kind, index, nodes }).to.deep.equal({ kind: undefined, index: 0, nodes: NODES });
    return parseExperiment({
      name: "same",
      data: { dataset: "digits", nodes: NODES, partition },
      model: join(dir, "model.json"),
      training: settings,
      compression,
      rounds: ROUNDS,
      schemes: [{ kind: "scei", strategy: "argmax-mean", base }],
      alphas: { lower: 0, upper: 1, steps: 4 },
      seeds: [seed],
    });
  }
});
