import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import type { BatchTensors } from "#learning/training/batchGradient";
import { clippedSum } from "#learning/training/clippedGradient";
import { digits } from "#learning/data/digits";
import { poissonBatches, privateGradient, type StepPrivacy } from "#learning/training/dpSgd";
import { accuracyBps, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { initialWeights } from "#learning/models/initialWeights";
import { buildLayers, tensorSpecs } from "#learning/models/modelLayers";
import { builtInTopology } from "#learning/models/models";
import { Keystream } from "#learning/nodeOnly/keystream";
import { describePrivateTraining } from "../learning/privateTraining.ts";

const seeded = (seed: number) => new Keystream(new Uint8Array(32).fill(seed));
const privacy = (seed: number, scale: number, law: "gaussian" | "laplace" = "gaussian"): StepPrivacy => ({
  clip: 1,
  noise: { law, scale },
  random: seeded(seed),
});
const dataset = digits();
const { inputShape, classes, mean, std } = dataset;
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.2,
  momentum: 0.5,
  localEpochs: 3,
  batchSize: 50,
  seed: 3,
};

describe("Poisson sampling", () => {
  const indices = Array.from({ length: 400 }, (_, i) => 1000 + 2 * i);

  it("takes each record on its own with probability batchSize / n", () => {
    const taken = new Map(indices.map((index) => [index, 0]));
    const sizes: number[] = [];
    const random = seeded(1);
    for (let epoch = 0; epoch < 50; epoch++) {
      for (const batch of poissonBatches(indices, 10, random)) {
        sizes.push(batch.length);
        for (const index of batch) taken.set(index, (taken.get(index) ?? 0) + 1);
      }
    }
    expect(sizes).to.have.length(50 * 40);
    const average = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    const variance = sizes.reduce((sum, size) => sum + (size - average) ** 2, 0) / sizes.length;
    // Binomial(400, 1/40): mean 10, variance 9.75.
    expect(average).to.be.closeTo(10, 0.3);
    expect(variance).to.be.closeTo(9.75, 1.3);
    // Each record is in Binomial(2000, 1/40): chi-square with 400 degrees of freedom.
    const chiSquare = [...taken.values()].reduce((sum, count) => sum + (count - 50) ** 2 / 48.75, 0);
    expect(chiSquare).to.be.within(320, 490);
  });

  it("gives steps without records too, and takes all where a batch is as large as the data", () => {
    const sizes = [...poissonBatches(indices.slice(0, 20), 1, seeded(2))].map(({ length }) => length);
    expect(sizes).to.have.length(20);
    expect(sizes).to.include(0);
    expect([...poissonBatches(indices, 400, seeded(3))].map((batch) => [...batch])).to.deep.equal([indices]);
  });
});

describe("A step of noisy clipped descent", function () {
  this.timeout(20_000);

  async function load(rows: number) {
    await createEngine("wasm");
    await tf.setBackend("wasm");
    const layers = await buildLayers(builtInTopology("mlp", [6], 3));
    const weights = initialWeights(tensorSpecs(layers), 3);
    layers.weights.forEach((weight, i) =>
      weight.write(tf.tensor(weights[i]?.data ?? [], [...(weights[i]?.shape ?? [])])),
    );
    const batch: BatchTensors = {
      inputs: tf.randomNormal([rows, 6], 0, 1, "float32", 5),
      answers: tf.cast(
        tf.oneHot(
          tf.tensor1d(
            Array.from({ length: rows }, (_, i) => i % 3),
            "int32",
          ),
          3,
        ),
        "float32",
      ) as tf.Tensor2D,
    };
    return {
      layers,
      batch,
      variables: layers.trainableWeights.map((weight) => weight.read() as tf.Variable),
    };
  }
  const values = (tensors: readonly (tf.Tensor | undefined)[]) =>
    tensors.flatMap((tensor) => [...(tensor?.dataSync() ?? [])]);

  for (const [law, deviation] of [
    ["gaussian", 1],
    ["laplace", Math.SQRT2],
  ] as const) {
    it(`adds ${law} noise of the scale it is told, divided by the expected batch, to an empty batch too`, async () => {
      const { layers, batch, variables } = await load(1);
      const empty = { inputs: tf.slice(batch.inputs, 0, 0), answers: tf.slice(batch.answers, 0, 0) };
      for (const scale of [0.5, 3]) {
        const { gradients, loss } = privateGradient(privacy(1, scale, law), 10, false)(
          layers,
          empty,
          variables,
        );
        const noise = values(variables.map(({ name }) => gradients[name]));
        const found = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / noise.length);
        // 42,203 values: four standard errors of a deviation are below 2 % (Laplace: 3.1 %).
        expect(found / ((scale * deviation) / 10)).to.be.within(0.965, 1.035);
        expect(loss.dataSync()[0]).to.equal(0);
      }
      layers.dispose();
    });
  }

  it("adds the noise to the clipped sum, however many chunks a large batch takes, padded or not", async () => {
    const { layers, batch, variables } = await load(40);
    const sum = clippedSum(layers, batch, 40, variables, 1 - 2 ** -10).gradients;
    const empty = { inputs: tf.slice(batch.inputs, 0, 0), answers: tf.slice(batch.answers, 0, 0) };
    const gradientOf = (tensors: BatchTensors, isPadded: boolean) => {
      const { gradients } = privateGradient(privacy(7, 0.01), 10, isPadded)(layers, tensors, variables);
      return values(variables.map(({ name }) => gradients[name]));
    };
    // Chunks draw places for dropout first: what is left of a key differs, so the noise is taken as it comes.
    const expected = values(sum).map((x) => x / 10);
    for (const isPadded of [false, true]) {
      const differences = gradientOf(batch, isPadded).map((x, i) => x - (expected[i] ?? 0));
      const deviation = Math.sqrt(differences.reduce((total, x) => total + x * x, 0) / differences.length);
      expect(deviation).to.be.closeTo(0.001, 3e-5);
      expect(Math.abs(differences.reduce((total, x) => total + x, 0) / differences.length)).to.be.below(2e-5);
    }
    expect(gradientOf(empty, true)).to.deep.equal(gradientOf(empty, false));
    layers.dispose();
  });
});

describe("Training with DP-SGD", function () {
  this.timeout(20_000);
  const split = { train: dataset.train, test: dataset.test };
  const samples = {
    split: split.train,
    indices: Array.from({ length: 600 }, (_, i) => i),
    inputShape,
    mean,
    std,
  };
  const test = {
    split: split.test,
    indices: Array.from({ length: 400 }, (_, i) => i),
    inputShape,
    mean,
    std,
  };
  const options = (step: StepPrivacy): Omit<TrainOptions, "weights"> => ({
    samples,
    hyper,
    round: 1,
    member: 1,
    privacy: step,
  });

  it("learns, repeats itself under one key alone, and leaves no tensors behind", async () => {
    const model = await (
      await createEngine("wasm")
    ).load({ topology: builtInTopology("mlp", inputShape, classes) }, inputShape, classes);
    const weights = model.initialise(1);
    const first = await model.train({ weights, ...options(privacy(1, 0.5)) });
    const tensors = tf.memory().numTensors;
    const again = await model.train({ weights, ...options(privacy(1, 0.5)) });
    const other = await model.train({ weights, ...options(privacy(2, 0.5)) });
    expect(tf.memory().numTensors).to.equal(tensors);
    expect(again.weights).to.deep.equal(first.weights);
    expect(other.weights).to.not.deep.equal(first.weights);
    const before = accuracyBps(await model.evaluate(weights, test));
    expect(accuracyBps(await model.evaluate(first.weights, test))).to.be.above(before + 2000);
    expect(first.loss).to.be.within(0.01, 2.5);
    const drowned = await model.train({ weights, ...options(privacy(1, 500)) });
    expect(accuracyBps(await model.evaluate(drowned.weights, test))).to.be.below(3500);
    model.dispose();
  });

  it("is refused to APFL, whose personal model would see gradients without noise", async () => {
    const model = await (
      await createEngine("wasm")
    ).load({ topology: builtInTopology("mlp", inputShape, classes) }, inputShape, classes);
    const weights = model.initialise(1);
    const failure = await model
      .trainApfl({ weights, personal: weights, alpha: 0.5, ...options(privacy(1, 1)) })
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(InputError);
    model.dispose();
  });
});

describe("DP-SGD on the engine cpu", function () {
  this.timeout(300_000);
  describePrivateTraining("cpu");
});
