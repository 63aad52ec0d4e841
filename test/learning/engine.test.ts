import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { digits } from "#learning/data/digits";
import {
  accuracyBps,
  type EngineName,
  type TrainableModel,
  TrainingDivergedError,
} from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology, type Topology } from "#learning/models/models";
import { partitionNode } from "#learning/partition/partition";
import type { Samples } from "#learning/data/samples";

const dataset = digits();
const part = partitionNode({ dataset, nodes: 5, seed: 7 }, 0);
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.05,
  momentum: 0.5,
  localEpochs: 2,
  batchSize: 10,
  seed: 3,
};

function samplesOf(split: "train" | "test", indices: readonly number[]): Samples {
  const { inputShape, mean, std } = dataset;
  return { split: dataset[split], indices, inputShape, mean, std };
}
const some = samplesOf("train", part.train.slice(0, 95));

const layer = (class_name: string, name: string, config: object) => ({
  class_name,
  config: { name, ...config },
});
const smallTopology = (activation: string): Topology => ({
  class_name: "Sequential",
  config: {
    name: "small",
    layers: [
      layer("Conv2D", "conv", {
        batch_input_shape: [null, 16, 16, 1],
        filters: 3,
        kernel_size: [5, 5],
        strides: [1, 1],
        padding: "same",
        activation,
      }),
      layer("MaxPooling2D", "max", { pool_size: [2, 2] }),
      layer("Conv2D", "conv_strided", {
        filters: 4,
        kernel_size: [3, 3],
        strides: [2, 2],
        activation: "tanh",
      }),
      layer("AveragePooling2D", "average", { pool_size: [3, 3], strides: [1, 1] }),
      layer("Flatten", "flatten", {}),
      layer("Dense", "dense", { units: 10, activation: "linear" }),
    ],
  },
});

function digestOf(weights: ModelTensors): string {
  const hash = createHash("sha256");
  for (const { name, data } of weights)
    hash.update(name).update(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
}

async function load(engine: EngineName, topology: Topology): Promise<TrainableModel> {
  return (await createEngine(engine)).load({ topology }, dataset.inputShape, dataset.classes);
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (reason: unknown) => reason,
  );
}

describe("training", function () {
  this.timeout(60_000);

  let mlp: TrainableModel;
  let initial: ModelTensors;
  before(async () => {
    mlp = await load("wasm", builtInTopology("mlp", dataset.inputShape, dataset.classes));
    initial = mlp.initialise(1);
  });
  after(() => mlp.dispose());
  const train = (options: Partial<Parameters<TrainableModel["train"]>[0]> = {}) =>
    mlp.train({ weights: initial, samples: some, hyper, round: 1, member: 1, ...options });

  it("starts from weights within the fan-in bound, the same for the same seed", () => {
    expect(mlp.specs.map(({ name, shape }) => `${name} ${shape.join("x")}`)).to.deep.equal([
      "dense_1/kernel 256x200",
      "dense_1/bias 200",
      "dense_2/kernel 200x200",
      "dense_2/bias 200",
      "dense_3/kernel 200x10",
      "dense_3/bias 10",
    ]);
    initial.forEach(({ data }, i) => {
      const bound = 1 / Math.sqrt(i < 2 ? 256 : 200);
      const greatest = data.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      expect(greatest).to.be.within(0.8 * bound, bound);
    });
    expect(digestOf(mlp.initialise(1))).to.equal(digestOf(initial));
    expect(digestOf(mlp.initialise(2))).to.not.equal(digestOf(initial));
  });

  it("lowers the loss and learns the node's classes", async () => {
    const samples = samplesOf("train", part.train);
    const first = await train({ samples });
    const second = await train({ samples, weights: first.weights, round: 2 });
    expect(second.loss).to.be.below(first.loss / 2);
    expect(second.samples).to.equal(600);
    const score = accuracyBps(await mlp.evaluate(second.weights, samplesOf("test", part.test)));
    expect(score).to.be.within(8_500, 10_000);
  });

  it("gives equal bits for equal arguments, others for another round, member or seed", async () => {
    const digests = [];
    for (const options of [{}, {}, { round: 2 }, { member: 2 }, { hyper: { ...hyper, seed: 4 } }]) {
      digests.push(digestOf((await train(options)).weights));
    }
    expect(digests[1]).to.equal(digests[0]);
    expect(new Set(digests).size).to.equal(4);
  });

  it("gives the same bits in another process", async () => {
    const script = `
      const { createEngine } = await import("./oracle-nodes/learning/engines/createEngine.ts");
      const { digits } = await import("./oracle-nodes/learning/data/digits.ts");
      const { builtInTopology } = await import("./oracle-nodes/learning/models/models.ts");
      const { createHash } = await import("node:crypto");
      const d = digits();
      const model = await (await createEngine("wasm")).load(
        { topology: builtInTopology("mlp", d.inputShape, d.classes) }, d.inputShape, d.classes);
      const samples = { split: d.train, indices: ${JSON.stringify(some.indices)},
        inputShape: d.inputShape, mean: d.mean, std: d.std };
      const { weights } = await model.train(
        { weights: model.initialise(1), samples, hyper: ${JSON.stringify(hyper)}, round: 1, member: 1 });
      const hash = createHash("sha256");
      for (const { name, data } of weights) hash.update(name).update(Buffer.from(data.buffer));
      console.log(hash.digest("hex"));`;
    const cwd = join(import.meta.dirname, "../..");
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd,
      encoding: "utf8",
    });
    expect(output.trim()).to.equal(digestOf((await train()).weights));
  });

  it("leaves the weights that it was given alone", async () => {
    const before = digestOf(initial);
    await train();
    expect(digestOf(initial)).to.equal(before);
  });

  it("holds as many tensors after many rounds as after one", async () => {
    await train();
    await mlp.evaluate(initial, some);
    const { numTensors, numBytes } = tf.memory();
    for (let round = 2; round < 6; round++) {
      await train({ round });
      await mlp.evaluate(initial, some);
    }
    expect(tf.memory().numTensors).to.equal(numTensors);
    expect(tf.memory().numBytes).to.equal(numBytes);
  });

  it("keeps calls on one model apart", async () => {
    const alone = [digestOf((await train()).weights), digestOf((await train({ round: 2 })).weights)];
    const score = await mlp.evaluate(initial, some);
    const [first, middle, second] = await Promise.all([
      train(),
      mlp.evaluate(initial, some),
      train({ round: 2 }),
    ]);
    expect([digestOf(first.weights), digestOf(second.weights)]).to.deep.equal(alone);
    expect(middle).to.deep.equal(score);
  });

  it("reports every step, with the last smaller batch", async () => {
    const steps: number[] = [];
    await train({ onProgress: ({ step, steps: all }) => steps.push(step / all) });
    expect(steps).to.deep.equal(Array.from({ length: 20 }, (_, i) => (i + 1) / 20));
  });

  it("stops when it is told to, and can start again", async () => {
    const stopper = new AbortController();
    const reason = new Error("enough");
    let steps = 0;
    const onProgress = () => {
      steps++;
      stopper.abort(reason);
    };
    expect(await rejection(train({ signal: stopper.signal, onProgress }))).to.equal(reason);
    expect(steps).to.equal(1);
    expect(await rejection(mlp.evaluate(initial, some, stopper.signal))).to.equal(reason);
    expect((await train()).samples).to.equal(95);
  });

  it("lets the event loop turn while it works", async () => {
    let turns = 0;
    let working = true;
    const turn = () => {
      turns++;
      if (working) setImmediate(turn);
    };
    setImmediate(turn);
    await train({ samples: samplesOf("train", part.train) });
    working = false;
    expect(turns).to.be.greaterThan(2);
  });

  it("names divergence instead of giving weights that are not numbers", async () => {
    const huge = initial.map((tensor) => ({ ...tensor, data: tensor.data.map((x) => x * 1e30) }));
    const error = await rejection(train({ weights: huge }));
    expect(error).to.be.instanceOf(TrainingDivergedError);
    expect((error as TrainingDivergedError).oneLine).to.include("Lower the learning rate");
  });

  it("notices a weight that is not a number even where no loss shows it", async () => {
    const holed = initial.map((tensor, i) =>
      i === 1 ? { ...tensor, data: tensor.data.with(7, Number.NaN) } : tensor,
    );
    expect(await rejection(train({ weights: holed }))).to.be.instanceOf(TrainingDivergedError);
  });

  it("refuses weights of another model", async () => {
    const error = await rejection(mlp.evaluate(initial.slice(1), some));
    expect((error as Error).message).to.include("5 tensors, but the model has 6");
  });

  it("counts correct answers exactly", async () => {
    const biased = initial.map(({ name, shape, data }) => ({
      name,
      shape,
      data: data.map((_, i) => (name === "dense_3/bias" && i === 3 ? 1 : 0)),
    }));
    const indices = Array.from({ length: 250 }, (_, i) => i);
    const threes = indices.filter((i) => dataset.test.labels[i] === 3).length;
    expect(await mlp.evaluate(biased, samplesOf("test", indices))).to.deep.equal({
      correct: threes,
      total: 250,
    });
    expect(accuracyBps({ correct: 2, total: 3 })).to.equal(6_666);
  });
});

describe("a training step on wasm", function () {
  this.timeout(60_000);

  const step = { ...hyper, learningRate: 1, momentum: 0, localEpochs: 1, batchSize: 8 };
  const samples = samplesOf("train", part.train.slice(0, 8));

  it("equals the cpu engine's for every layer", async () => {
    for (const topology of [
      smallTopology("relu"),
      builtInTopology("lenet", dataset.inputShape, dataset.classes),
    ]) {
      const [wasm, cpu] = [await load("wasm", topology), await load("cpu", topology)];
      const options = { weights: wasm.initialise(5), samples, hyper: step, round: 1, member: 1 };
      const [found, expected] = [await wasm.train(options), await cpu.train(options)];
      expect(found.loss).to.be.closeTo(expected.loss, 1e-5);
      found.weights.forEach(({ name, data }, i) => {
        const other = expected.weights[i]?.data ?? [];
        data.forEach((x, j) => expect(x, `${name} ${j}`).to.be.closeTo(other[j] ?? Number.NaN, 1e-5));
      });
      wasm.dispose();
      cpu.dispose();
    }
  });

  it("moves against the gradient that finite differences of the loss give", async () => {
    const model = await load("wasm", smallTopology("tanh"));
    const weights = model.initialise(5);
    const run = (from: ModelTensors) =>
      model.train({ weights: from, samples, hyper: step, round: 1, member: 1 });
    const { weights: moved } = await run(weights);
    const eps = 1 / 512;
    for (const [i, { data }] of weights.entries()) {
      for (let j = 0; j < data.length; j += Math.ceil(data.length / 9)) {
        const lossAt = async (shift: number) =>
          (
            await run(
              weights.map((t, k) => (k === i ? { ...t, data: data.with(j, (data[j] ?? 0) + shift) } : t)),
            )
          ).loss;
        const slope = ((await lossAt(eps)) - (await lossAt(-eps))) / (2 * eps);
        const gradient = (data[j] ?? 0) - (moved[i]?.data[j] ?? 0);
        expect(gradient, `${weights[i]?.name} ${j}`).to.be.closeTo(slope, 1e-3);
      }
    }
    model.dispose();
  });

  it("follows SGD with momentum: two steps on one batch by hand", async () => {
    const model = await load("wasm", smallTopology("relu"));
    const weights = model.initialise(5);
    const gradientAt = async (w: ModelTensors) => {
      const { weights: after } = await model.train({ weights: w, samples, hyper: step, round: 1, member: 1 });
      return w.map(({ data }, i) => data.map((x, j) => x - (after[i]?.data[j] ?? 0)));
    };
    const first = await gradientAt(weights);
    const middle = weights.map((t, i) => ({
      ...t,
      data: t.data.map((x, j) => x - 0.1 * (first[i]?.[j] ?? 0)),
    }));
    const second = await gradientAt(middle);
    const twice = { ...step, learningRate: 0.1, momentum: 0.5, localEpochs: 2 };
    const { weights: found } = await model.train({ weights, samples, hyper: twice, round: 1, member: 1 });
    found.forEach(({ data }, i) => {
      data.forEach((x, j) => {
        const [a, b] = [first[i]?.[j] ?? 0, second[i]?.[j] ?? 0];
        expect(x).to.be.closeTo((middle[i]?.data[j] ?? 0) - 0.1 * (0.5 * a + b), 1e-5);
      });
    });
    model.dispose();
  });
});

describe("createEngine", () => {
  it("names the engines there are when asked for another", async () => {
    const error = await rejection(createEngine("quantum"));
    expect(error).to.be.instanceOf(InputError);
    expect((error as InputError).oneLine).to.include(
      "Choose auto, wasm, webgpu, tensorflow, tensorflow-gpu or cpu",
    );
  });

  it("says what auto chose, and what spoke against better engines", async () => {
    const { name, reason } = await createEngine("auto");
    const order = ["tensorflow-gpu", "tensorflow", "webgpu", "wasm"];
    expect(order).to.include(name);
    for (const other of order.slice(0, order.indexOf(name))) expect(reason).to.include(`not ${other}: `);
    expect(await createEngine("auto")).to.include({ name, reason });
  });

  it("leaves the process's error listeners as they were", async () => {
    await createEngine("auto");
    const throwing = process
      .listeners("unhandledRejection")
      .filter((listener) => /throw reason/.test(String(listener)));
    expect(throwing).to.deep.equal([]);
  });
});
