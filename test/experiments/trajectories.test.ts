import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeUpdate } from "#protocol/artifacts/compressedUpdate";
import { nodeId, taskId, ZERO_DIGEST, type Bps } from "#protocol/ids";
import type { TaskManifest } from "#protocol/manifest/manifest";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import type { Trajectory, TrajectoryState, RoundContext, RoundRecord } from "#experiments/trajectory";
import { arrivals } from "#experiments/trajectories/async";
import { combine } from "#experiments/combine";
import { parseExperiment, type Experiment } from "#experiments/experiment";
import { openFederation, type Federation } from "#experiments/federation";
import { digestOfModel } from "#experiments/modelDigest";
import { trajectoriesOf } from "#experiments/plan";
import { privacyTerms } from "#experiments/privacy";
import { schemeLabel } from "#experiments/schemes";
import { digits } from "#learning/data/digits";
import { mix } from "#learning/training/personalise";
import { partition } from "#learning/partition/partition";
import { usesOfTraining } from "#learning/privacy/privacyUses";
import { renyiEpsilon } from "#learning/privacy/renyi";
import { HIDDEN, plain, SlowFederation, sum, zeros, type Weights } from "./slowFederation.ts";

const ROUNDS = 2;
const PARTITION = { classesPerNode: 3, trainPerClass: 4, validationPerClass: 8, testPerClass: 20 };

describe("The schemes of the experiment runner", function () {
  this.timeout(60_000);
  let dir: string;
  let federation: Federation;
  let slow: SlowFederation;

  const experiment = (changes: object = {}): Experiment =>
    parseExperiment({
      name: "small",
      data: { dataset: "digits", nodes: 3, partition: PARTITION },
      model: join(dir, "linear.json"),
      training: { localEpochs: 2, batchSize: 5, learningRate: 0.1, momentum: 0.5 },
      rounds: ROUNDS,
      schemes: ["fedavg"],
      skews: [0.1, 0.2],
      seeds: [3],
      ...changes,
    });

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-trajectories-"));
    await writeFile(join(dir, "linear.json"), JSON.stringify(twoLinearLayers()));
    federation = await openFederation(experiment(), 3, new AbortController().signal);
    slow = new SlowFederation(federation);
  });
  after(async () => {
    federation.model.dispose();
    await rm(dir, { recursive: true });
  });

  /** Runs the one trajectory of some schemes; the states after each round, and the last record. */
  async function play(
    settings: Experiment,
    scoring: RoundContext["scoring"] = "none",
    on = federation,
  ): Promise<{ trajectory: Trajectory; states: TrajectoryState[]; record: RoundRecord }> {
    const [trajectory] = trajectoriesOf(
      settings,
      settings.schemes.map((scheme) => ({ label: schemeLabel(scheme), scheme })),
    );
    if (trajectory === undefined) throw new Error("there is no trajectory");
    const states = [trajectory.begin(on)];
    let record: RoundRecord | undefined;
    for (let round = 1; round <= ROUNDS; round++) {
      const context = { federation: on, round, scoring, isReported: true, onTraining: () => undefined };
      const result = await trajectory.round(context, states.at(-1) as TrajectoryState);
      states.push(result.state);
      ({ record } = result);
    }
    return { trajectory, states, record: record as RoundRecord };
  }

  const last = async (schemes: readonly unknown[]) =>
    (await play(experiment({ schemes }))).states.at(-1) as TrajectoryState;
  const mean = (models: readonly Weights[]) => sum(...models.map((w) => [1 / models.length, w] as const));
  const initial = () => plain(federation.initial);
  const rounds = Array.from({ length: ROUNDS }, (_, index) => index + 1);

  it("FedAvg is the mean of what each node trained from w_G", async () => {
    let w = initial();
    for (const round of rounds) w = mean(federation.members.map((member) => slow.train(member, round, w)));
    agree((await last(["fedavg"])).models["w_G"], w);
  });

  it("Local trains each node from its own last model", async () => {
    const { models } = await last(["local"]);
    for (const member of federation.members) {
      const w = rounds.reduce((from, round) => slow.train(member, round, from), initial());
      agree(models[`w_k ${member.id}`], w);
    }
  });

  it("FedProx adds mu (w - w_G) to the gradient", async () => {
    const mu = 0.7;
    let w = initial();
    for (const round of rounds) {
      const anchor = w;
      const direction = (g: Weights, v: Weights) => sum([1, g], [mu, v], [-mu, anchor]);
      w = mean(federation.members.map((member) => slow.train(member, round, anchor, { direction })));
    }
    agree((await last([{ kind: "fedprox", mu }])).models["w_G"], w);
  });

  it("SCAFFOLD corrects by c - c_k, which option II updates from the steps taken, without momentum", async () => {
    const { members, hyper } = federation;
    const [steps] = members.map((member) => slow.batches(member, 1, 1, hyper.localEpochs).length);
    const scale = 1 / ((steps ?? 0) * hyper.learningRate);
    let w = initial();
    let c = zeros(w);
    let own = members.map(() => zeros(w));
    for (const round of rounds) {
      const trained = members.map((member, k) =>
        slow.train(member, round, w, {
          momentum: 0,
          direction: (g) => sum([1, g], [-1, own[k] ?? []], [1, c]),
        }),
      );
      const next = own.map((control, k) =>
        sum([1, control], [-1, c], [scale, w], [-scale, trained[k] ?? []]),
      );
      c = sum([1, c], [1, mean(next)], [-1, mean(own)]);
      own = next;
      w = mean(trained);
    }
    const { models } = await last(["scaffold"]);
    agree(models["w_G"], w);
    agree(models["c"], c, 1e-3);
    members.forEach(({ id }, k) => agree(models[`c_k ${id}`], own[k] ?? [], 1e-3));
  });

  it("FedRep trains head, then body; heads stay at their nodes, bodies are averaged", async () => {
    const { members } = federation;
    const [head, body] = [
      [false, false, true, true],
      [true, true, false, false],
    ];
    let shared = initial();
    let heads = members.map(() => initial());
    for (const round of rounds) {
      const trained = members.map((member, k) => {
        const start = [...shared.slice(0, 2), ...(heads[k] ?? []).slice(2)];
        const withHead = slow.train(member, round, start, { moves: head, first: 1, last: 1 });
        return slow.train(member, round, withHead, { moves: body, first: 2, last: 2 });
      });
      shared = mean(trained);
      heads = trained;
    }
    const { models } = await last(["fedrep"]);
    members.forEach(({ id }, k) =>
      agree(models[`head ${id}`], [...shared.slice(0, 2), ...(heads[k] ?? []).slice(2)]),
    );
  });

  it("Ditto and APFL train personal models on the trunk's minibatches, and leave its bits as they are", async () => {
    const { members, hyper } = federation;
    const lambda = 0.4;
    const schemes = ["fedavg", { kind: "ditto", lambda }, { kind: "apfl", alpha: 0.6 }];
    const { models, numbers } = await last(schemes);
    expect(digestOfModel(models["w_G"] ?? [])).to.equal(
      digestOfModel((await last(["fedavg"])).models["w_G"] ?? []),
    );

    let w = initial();
    let ditto = members.map(() => initial());
    let apfl = members.map(() => ({ v: initial(), a: 0.6 }));
    for (const round of rounds) {
      const anchor = w;
      const direction = (g: Weights, v: Weights) => sum([1, g], [lambda, v], [-lambda, anchor]);
      ditto = members.map((member, k) => slow.train(member, round, ditto[k] ?? [], { direction }));
      apfl = members.map((member, k) => {
        let { v, a } = apfl[k] ?? { v: [], a: 0 };
        let own = anchor;
        let [ownVelocity, velocity] = [zeros(v), zeros(v)];
        for (const batch of slow.batches(member, round, 1, hyper.localEpochs)) {
          const gradient = slow.gradient(member, batch, sum([a, v], [1 - a, own]));
          const slope = sum([1, v], [-1, own]).reduce(
            (total, tensor, t) => total + tensor.reduce((s, d, i) => s + d * (gradient[t]?.[i] ?? 0), 0),
            0,
          );
          velocity = sum([hyper.momentum, velocity], [a, gradient]);
          ownVelocity = sum([hyper.momentum, ownVelocity], [1, slow.gradient(member, batch, own)]);
          v = sum([1, v], [-hyper.learningRate, velocity]);
          own = sum([1, own], [-hyper.learningRate, ownVelocity]);
          a = Math.min(1, Math.max(0, a - hyper.learningRate * slope));
        }
        return { v, a };
      });
      w = mean(members.map((member) => slow.train(member, round, anchor)));
    }
    members.forEach(({ id }, k) => {
      agree(models[`ditto ${lambda} ${id}`], ditto[k] ?? []);
      agree(models[`apfl ${id}`], apfl[k]?.v ?? []);
      expect(Math.abs((numbers[`apfl ${id}`] ?? NaN) - (apfl[k]?.a ?? 0))).to.be.below(1e-4);
    });
  });

  it("SCEI with base personalised trains from alpha w_k + (1 - alpha) w_G of the round before", async () => {
    const schemes = [{ kind: "scei", strategy: "argmax-mean", base: "personalised" }];
    const { states } = await play(experiment({ schemes }));
    const [start, first, second] = states;
    const { members, model } = federation;
    let bases = members.map(({ id }) => start?.models[`w_kp ${id}`] ?? []);
    for (const [index, after] of [first, second].entries()) {
      const updates = [];
      for (const [k, member] of members.entries())
        updates.push(await federation.train(member, index + 1, { weights: bases[k] ?? [] }));
      const { tensors: global } = await federation.aggregate(updates);
      const candidates = Array.from({ length: 10 }, (_, r) => (5000 + 300 * (r + 1)) as Bps);
      const sums = [];
      for (const alpha of candidates) {
        let total = 0;
        for (const [k, { validation }] of members.entries()) {
          const mixed = mix(alpha, updates[k]?.tensors ?? [], global);
          const { correct, total: of } = await model.evaluate(mixed, validation);
          total += Math.floor((10_000 * correct) / of);
        }
        sums.push(total);
      }
      const alpha = candidates[sums.indexOf(Math.max(...sums))] ?? (0 as Bps);
      bases = updates.map(({ tensors }) => mix(alpha, tensors, global));
      members.forEach(({ id }, k) =>
        expect(digestOfModel(after?.models[`w_kp ${id}`] ?? [])).to.equal(digestOfModel(bases[k] ?? [])),
      );
    }
  });

  it("SCEI-Async halves w_G and each arrival in the order of the virtual clock", async () => {
    const { members } = federation;
    const schedule = arrivals(3, 3, 4, 6);
    expect(schedule.map(({ time }) => time)).to.deep.equal(
      schedule.map(({ time }) => time).toSorted((a, b) => a - b),
    );
    const bases = members.map(() => federation.initial);
    let global = federation.initial;
    for (const { index, version } of schedule) {
      const member = members[index];
      if (member === undefined) throw new Error("there is such a member");
      const { tensors } = await federation.train(member, version, { weights: bases[index] ?? [] });
      global = combine([0.5, global], [0.5, tensors]);
      bases[index] = global;
    }
    agree((await last(["scei-async"])).models["w_G"], plain(global), 1e-6);
  });

  it("the trunk scores every alpha as if each image of each split were scored by itself", async () => {
    const schemes = [
      "fedavg",
      "fine-tuned",
      { kind: "fixed", alpha: 0.3 },
      { kind: "scei", strategy: "argmax-mean" },
      { kind: "scei", strategy: "min-variance", grid: "include-lower" },
    ];
    const { states, record } = await play(experiment({ schemes }), "test");
    const [before, global] = [states[1]?.models["w_G"] ?? [], states[2]?.models["w_G"] ?? []];
    const negotiated = new Map(record.alphas.map(({ scheme, alpha }) => [scheme, alpha]));
    expect([...negotiated.keys()]).to.have.length(2);
    const dataset = digits();
    const parts = partition({ dataset, nodes: 3, seed: 3, ...PARTITION }).nodes;
    for (const [k, member] of federation.members.entries()) {
      const { tensors } = await federation.train(member, ROUNDS, { weights: before });
      for (const scheme of ["FedAvg", "FedAvg fine-tuned", "alpha 0.3", ...negotiated.keys()]) {
        const alpha =
          { FedAvg: 0, "FedAvg fine-tuned": 1, "alpha 0.3": 0.3 }[scheme] ?? negotiated.get(scheme) ?? 0;
        const mixed = mix(Math.round(alpha * 10_000) as Bps, tensors, global);
        const splits = [
          ["test", parts[k]?.test],
          ...(parts[k]?.skewed ?? []).map(
            ({ levelBps, test }) => [`skew ${levelBps / 100} %`, test] as const,
          ),
        ] as const;
        for (const [split, indices = []] of splits) {
          const found = record.scores.find(
            (row) => row.scheme === scheme && row.node === member.id && row.split === split,
          );
          if (split === "skew 5 %" || split === "skew 15 %") {
            expect(found, "a level that was not asked for").to.equal(undefined);
            continue;
          }
          const whole = await federation.model.evaluate(mixed, { ...member.test, indices });
          expect({ correct: found?.correct, total: found?.total }, `${scheme}, ${split}`).to.deep.equal(
            whole,
          );
        }
      }
    }
    // Every candidate of both grids, for every node: what headroom is computed from.
    expect(record.candidates).to.have.length(3 * 11);
  });

  it("with compression w_G is made of what was sent, and the error is fed back", async () => {
    const settings = experiment({ compression: { kind: "top-k", keepBps: 1000 } });
    const { compression } = settings;
    const { states } = await play(settings, "none", { ...federation, compression });
    let global = federation.initial;
    const residuals = new Map<number, ModelTensors | undefined>();
    for (const [round, state] of states.entries()) {
      if (round === 0) continue;
      const sent = [];
      for (const member of federation.members) {
        const update = await federation.train(member, round, { weights: global });
        const metadata = {
          role: "update",
          task: taskId(1),
          round,
          node: nodeId(member.id),
          base: ZERO_DIGEST,
        } as const;
        const before = residuals.get(member.id);
        const { decoded, residual } = encodeUpdate(metadata, update.tensors, global, compression, before);
        residuals.set(member.id, residual);
        sent.push({ ...update, tensors: decoded });
      }
      global = (await federation.aggregate(sent)).tensors;
      expect(digestOfModel(state.models["w_G"] ?? [])).to.equal(digestOfModel(global));
    }
  });

  it("with privacy what leaves a node is noisy and repeats with the seed; what stays is as without", async () => {
    const privacy = { kind: "dp-sgd", clip: 1, noiseMultiplier: 1, delta: 0.001 };
    const open = () => openFederation(experiment({ privacy }), 3, new AbortController().signal);
    const federations = [await open(), await open()];
    try {
      const noisy = await Promise.all(federations.map((one) => play(experiment({ privacy }), "none", one)));
      const digests = noisy.map(({ states }) => digestOfModel(states.at(-1)?.models["w_G"] ?? []));
      expect(digests[0]).to.equal(digests[1]);
      expect(digests[0]).not.to.equal(digestOfModel((await last(["fedavg"])).models["w_G"] ?? []));
      const [first] = federations;
      const alone = await play(experiment({ privacy, schemes: ["local"] }), "none", first);
      const plainAlone = await last(["local"]);
      for (const [name, model] of Object.entries(plainAlone.models))
        expect(digestOfModel(alone.states.at(-1)?.models[name] ?? [])).to.equal(digestOfModel(model));
    } finally {
      for (const { model } of federations) model.dispose();
    }
  });

  it("a budget for all rounds becomes the noise that spends it", async () => {
    const privacy = { kind: "dp-sgd", clip: 1, epsilon: 8, delta: 0.001 } as const;
    const hyper = { batchSize: 10, localEpochs: 2 };
    const terms = privacyTerms({ privacy, rounds: 3 }, {
      dataset: digits(),
      model: { topology: twoLinearLayers() },
      training: hyper,
    } as unknown as TaskManifest)(50);
    const uses = usesOfTraining(terms, { records: 50, features: 256, ...hyper });
    const spent = renyiEpsilon([...uses, ...uses, ...uses], privacy.delta);
    // Renyi divergences say somewhat more than what is really spent.
    expect(spent).to.be.within(7.9, 10);
    expect(terms).to.deep.include({ kind: "dp-sgd", clip: 1, delta: 0.001 });
  });

  it("attackers send what they should not, and a robust rule keeps it out", async () => {
    const attackers = [{ kind: "sign-flip", nodes: [2], scale: 3 }];
    const settings = experiment({
      data: { dataset: "digits", nodes: 5, partition: PARTITION },
      attackers,
      rule: { name: "krum", f: 1 },
    });
    const attacked = await openFederation(settings, 3, new AbortController().signal);
    try {
      const { states } = await play(settings, "none", attacked);
      const [honest, liar] = attacked.members;
      if (honest === undefined || liar === undefined) throw new Error("there are five members");
      const sent = await attacked.train(liar, 1, { weights: attacked.initial });
      const trained = await attacked.model.train({
        weights: attacked.initial,
        samples: liar.train,
        hyper: attacked.hyper,
        round: 1,
        member: liar.id,
      });
      agree(sent.tensors, sum([4, plain(attacked.initial)], [-3, plain(trained.weights)]), 1e-5);
      const updates = [];
      for (const member of attacked.members)
        updates.push(await attacked.train(member, 1, { weights: attacked.initial }));
      const digests = updates.map(({ tensors }) => digestOfModel(tensors));
      expect(digests.indexOf(digestOfModel(states[1]?.models["w_G"] ?? []))).to.be.oneOf([0, 2, 3, 4]);
    } finally {
      attacked.model.dispose();
    }
  });
});

/** float32 steps against float64 ones. */
function agree(model: ModelTensors | undefined, expected: Weights, tolerance = 2e-5): void {
  expect(model, "the model").to.have.length(expected.length);
  model?.forEach(({ name, data }, t) => {
    const worst = data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected[t]?.[i] ?? 0))),
      0,
    );
    expect(worst, name).to.be.below(tolerance);
  });
}

function twoLinearLayers(): object {
  const { inputShape, classes } = digits();
  const layer = (class_name: string, config: object) => ({ class_name, config });
  const layers = [
    layer("Flatten", { name: "flatten", batch_input_shape: [null, ...inputShape] }),
    layer("Dense", { name: "body", units: HIDDEN, activation: "linear", use_bias: true }),
    layer("Dense", { name: "head", units: classes, activation: "linear", use_bias: true }),
  ];
  return { class_name: "Sequential", config: { name: "linear", layers } };
}
