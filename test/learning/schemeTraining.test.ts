import { expect } from "chai";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { type TrainableModel, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { digits } from "#learning/data/digits";
import type { Topology } from "#learning/models/models";
import type { Samples } from "#learning/data/samples";

const dataset = digits();
const { inputShape, mean, std } = dataset;
const samples: Samples = {
  split: dataset.train,
  indices: Array.from({ length: 24 }, (_, i) => 3 * i),
  inputShape,
  mean,
  std,
};
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.1,
  momentum: 0,
  localEpochs: 1,
  batchSize: 8,
  seed: 3,
};
/** One step on all samples. */
const oneStep = { ...hyper, batchSize: 24 };

const topology: Topology = {
  class_name: "Sequential",
  config: {
    name: "two",
    layers: [
      { class_name: "Flatten", config: { name: "flat", batch_input_shape: [null, ...inputShape] } },
      { class_name: "Dense", config: { name: "body", units: 6, activation: "tanh" } },
      { class_name: "Dense", config: { name: "head", units: 10, activation: "linear" } },
    ],
  },
};

const combine = (a: ModelTensors, b: ModelTensors, f: (x: number, y: number) => number): ModelTensors =>
  a.map((tensor, i) => ({ ...tensor, data: tensor.data.map((x, j) => f(x, b[i]?.data[j] ?? Number.NaN)) }));

function expectClose(found: ModelTensors, expected: ModelTensors, tolerance = 1e-6): void {
  found.forEach(({ name, data }, i) =>
    data.forEach((x, j) => expect(x, `${name} ${j}`).to.be.closeTo(expected[i]?.data[j] ?? NaN, tolerance)),
  );
}

describe("training for a scheme", function () {
  this.timeout(60_000);

  let model: TrainableModel;
  let weights: ModelTensors;
  let other: ModelTensors;
  before(async () => {
    model = await (await createEngine("wasm")).load({ topology }, inputShape, 10);
    weights = model.initialise(1);
    other = model.initialise(2);
  });
  after(() => model.dispose());

  const train = async (options: Partial<TrainOptions> = {}) =>
    (await model.train({ weights, samples, hyper, round: 1, member: 1, ...options })).weights;
  /** The gradient of the mean loss over all samples. */
  const gradientAt = async (at: ModelTensors) =>
    combine(at, await train({ weights: at, hyper: { ...oneStep, learningRate: 1 } }), (x, y) => x - y);

  it("adds mu (w - anchor) to the gradient", async () => {
    const plain = await train({ hyper: oneStep });
    const pull = combine(weights, other, (w, anchor) => 0.1 * 0.7 * (w - anchor));
    expectClose(
      await train({ hyper: oneStep, proximal: { anchor: other, mu: 0.7 } }),
      combine(plain, pull, (x, y) => x - y),
    );
  });

  it("is not changed by a mu of 0 or an anchor where it starts, in one step", async () => {
    const plain = await train({ hyper: oneStep });
    expectClose(await train({ hyper: oneStep, proximal: { anchor: other, mu: 0 } }), plain, 0);
    expectClose(await train({ hyper: oneStep, proximal: { anchor: weights, mu: 5 } }), plain, 0);
  });

  it("adds a correction to the gradient of every step", async () => {
    const start = await train({ correction: other });
    let [at, step] = [weights, 0];
    // Three steps by hand, each on one minibatch of the same shuffle.
    const { minibatches } = await import("#learning/training/minibatches");
    for (const indices of minibatches({ samples, hyper }, { round: 1, member: 1, epoch: 1 })) {
      const moved = await train({
        weights: at,
        samples: { ...samples, indices: [...indices] },
        hyper: oneStep,
      });
      at = combine(moved, other, (x, c) => x - 0.1 * c);
      step++;
    }
    expect(step).to.equal(3);
    expectClose(start, at);
  });

  it("moves only the tensors that it is told to", async () => {
    const moved = await train({ moves: (name) => name.startsWith("head/") });
    moved.forEach(({ name, data }, i) => {
      if (name.startsWith("head/")) expect(data, name).to.not.deep.equal(weights[i]?.data);
      else expect(data, name).to.deep.equal(weights[i]?.data);
    });
  });

  it("trains a round's epochs in several calls as in one", async () => {
    const three = { ...hyper, localEpochs: 3 };
    const first = await train({ hyper: three, epochs: { first: 1, count: 1 } });
    const rest = await train({ hyper: three, weights: first, epochs: { first: 2, count: 2 } });
    expectClose(rest, await train({ hyper: three }), 0);
  });

  it("moves w, v and a of APFL by the published rule", async () => {
    const a = 0.3;
    const result = await model.trainApfl({
      weights,
      samples,
      hyper: oneStep,
      round: 1,
      member: 1,
      personal: other,
      alpha: a,
    });
    const mixed = combine(other, weights, (v, w) => a * v + (1 - a) * w);
    const slope = await gradientAt(mixed);
    expectClose(result.weights, await train({ hyper: oneStep }), 0);
    expectClose(
      result.personal,
      combine(other, slope, (v, g) => v - 0.1 * a * g),
    );
    const products = combine(
      combine(other, weights, (v, w) => v - w),
      slope,
      (d, g) => d * g,
    );
    const inner = products.reduce((sum, { data }) => sum + data.reduce((s, x) => s + x, 0), 0);
    expect(result.alpha).to.be.closeTo(a - 0.1 * inner, 1e-5);
    expect(result.alpha).to.not.be.closeTo(a, 1e-4);
  });

  it("keeps APFL's share within 0 and 1, and its w that of plain training", async () => {
    const options = { weights, samples, hyper: { ...hyper, learningRate: 2 }, round: 1, member: 1 };
    const { alpha, weights: w } = await model.trainApfl({ ...options, personal: other, alpha: 1 });
    expect(alpha).to.be.within(0, 1);
    expectClose(w, (await model.train(options)).weights, 0);
  });

  it("keeps the running statistics of APFL's two models apart", async () => {
    const normalised = structuredClone(topology) as { config: { layers: object[] } };
    normalised.config.layers.splice(2, 0, { class_name: "BatchNormalization", config: { name: "norm" } });
    const twin = await (
      await createEngine("wasm")
    ).load({ topology: normalised as unknown as Topology }, inputShape, 10);
    const [shared, personal] = [twin.initialise(1), twin.initialise(2)];
    const options = { weights: shared, samples, hyper: oneStep, round: 1, member: 1 };
    const plain = await twin.train(options);
    const same = await twin.trainApfl({ ...options, personal: shared, alpha: 0.5 });
    const apart = await twin.trainApfl({ ...options, personal, alpha: 0.5 });
    const statistic = (of: ModelTensors) => of.find(({ name }) => name === "norm/moving_mean")?.data ?? [];
    expectClose(same.weights, plain.weights, 0);
    expectClose(apart.weights, plain.weights, 0);
    expect(statistic(same.personal)).to.deep.equal(statistic(plain.weights));
    expect(statistic(apart.personal)).to.not.deep.equal(statistic(plain.weights));
    expect(statistic(plain.weights)).to.not.deep.equal(statistic(shared));
    twin.dispose();
  });

  it("refuses an anchor of another model", async () => {
    const error = await train({ proximal: { anchor: weights.slice(1), mu: 1 } }).then(
      () => expect.fail("it should have failed"),
      (reason: unknown) => reason,
    );
    expect((error as Error).message).to.include("3 tensors, but the model has 4");
  });

  it("fits a number by squared error and counts the absolute error", async () => {
    const count = 200;
    const features = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(1.7 * i));
    const targets = Float32Array.from(
      { length: count },
      (_, i) => 3 * (features[2 * i] ?? 0) - (features[2 * i + 1] ?? 0) + 0.5,
    );
    const split = { features, labels: new Uint8Array(count), targets, count };
    const all = {
      split,
      indices: Array.from({ length: count }, (_, i) => i),
      inputShape: [2],
      mean: [0, 0],
      std: [1, 1],
    };
    const linear = {
      class_name: "Sequential",
      config: {
        name: "line",
        layers: [{ class_name: "Dense", config: { name: "out", units: 1, batch_input_shape: [null, 2] } }],
      },
    };
    const regression = await (await createEngine("wasm")).load({ topology: linear }, [2], 1);
    const start = regression.initialise(1);
    const untrained = await regression.evaluate(start, all);
    const epochs = { ...hyper, localEpochs: 30 };
    const { weights: fitted, loss } = await regression.train({
      weights: start,
      samples: all,
      hyper: epochs,
      round: 1,
      member: 1,
    });
    const scored = await regression.evaluate(fitted, all);
    expect(untrained.absoluteError).to.be.greaterThan(50);
    expect(scored.absoluteError).to.be.below(0.1);
    expect(scored).to.include({ total: count, correct: 0 });
    expect(loss).to.be.below(1e-3);
    expect(fitted[0]?.data[0]).to.be.closeTo(3, 1e-2);
    regression.dispose();
  });
});
