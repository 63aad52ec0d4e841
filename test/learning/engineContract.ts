import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { decodeSafetensors, encodeSafetensors } from "#protocol/artifacts/safetensors";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { type EngineName, type TrainableModel, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import type { Topology } from "#learning/models/models";
import type { Samples } from "#learning/data/samples";
import { SeededRandom } from "#learning/seededRandom";

/** How far the weights of an engine may be from those of `cpu` after 20 steps, and after one. */
const TOLERANCE_20 = 1e-4;
const TOLERANCE_1 = 2e-5;

const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.05,
  momentum: 0.5,
  localEpochs: 1,
  batchSize: 8,
  seed: 3,
};

type LayerJson = readonly [className: string, config: Record<string, unknown>];
function sequential(inputShape: readonly number[], ...layers: readonly LayerJson[]): Topology {
  const named = layers.map(([class_name, config], i) => ({
    class_name,
    config: { name: `l${i}`, ...(i === 0 && { batch_input_shape: [null, ...inputShape] }), ...config },
  }));
  return { class_name: "Sequential", config: { name: "test", layers: named } };
}

/** Noise of a class each, whose mean tells the class. */
function noise(inputShape: readonly number[], classes: number, count: number): Samples {
  const size = inputShape.reduce((product, dimension) => product * dimension, 1);
  const random = new SeededRandom(5, "contract");
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const features = Float32Array.from(
    { length: count * size },
    (_, i) => random.uniform(-1, 1) + ((i % size) % classes === labels[Math.floor(i / size)] ? 0.7 : 0),
  );
  const channels = inputShape.at(-1) ?? 1;
  return {
    split: { features, labels, count },
    indices: Array.from(labels.keys()),
    inputShape,
    mean: Array.from({ length: channels }, () => 0),
    std: Array.from({ length: channels }, () => 1),
  };
}

const bn: LayerJson = ["BatchNormalization", { momentum: 0.9, epsilon: 1e-3 }];
const conv = (filters: number, size: number, config: object = {}): LayerJson => [
  "Conv2D",
  { filters, kernel_size: [size, size], padding: "same", ...config },
];
const dense = (units: number, activation = "linear"): LayerJson => ["Dense", { units, activation }];

/** Networks that have between them every kind of layer that has an arithmetic of its own. */
const NETWORKS: Readonly<Record<string, readonly [inputShape: readonly number[], ...layers: LayerJson[]]>> = {
  "convolutions, batch norm and max pooling": [
    [8, 8, 2],
    conv(4, 3),
    bn,
    ["ReLU", {}],
    ["MaxPooling2D", { pool_size: [2, 2] }],
    conv(3, 3, { strides: [2, 2], activation: "tanh" }),
    ["Flatten", {}],
    dense(3),
  ],
  "group norm, spatial dropout and average pooling": [
    [6, 6, 2],
    conv(4, 3),
    ["GroupNormalization", { groups: 2 }],
    ["Activation", { activation: "tanh" }],
    ["SpatialDropout2D", { rate: 0.5 }],
    [
      "ZeroPadding2D",
      {
        padding: [
          [1, 0],
          [0, 1],
        ],
      },
    ],
    ["AveragePooling2D", { pool_size: [3, 3], strides: [2, 2], padding: "same" }],
    ["GlobalAveragePooling2D", {}],
    dense(3),
  ],
  "convolutions along time and dropout": [
    [16, 3],
    ["Conv1D", { filters: 5, kernel_size: [5], padding: "same", activation: "relu" }],
    ["MaxPooling1D", { pool_size: [4], strides: [4] }],
    ["LayerNormalization", {}],
    ["SpatialDropout1D", { rate: 0.25 }],
    ["Flatten", {}],
    dense(6, "sigmoid"),
    ["Dropout", { rate: 0.5 }],
    dense(3),
  ],
  "global maxima": [[6, 6, 2], conv(6, 3, { activation: "tanh" }), ["GlobalMaxPooling2D", {}], dense(3)],
  "means along time": [
    [16, 3],
    ["Conv1D", { filters: 4, kernel_size: [3] }],
    ["AveragePooling1D", { pool_size: [2], strides: [2] }],
    ["GlobalAveragePooling1D", {}],
    dense(3),
  ],
  "maxima along time": [
    [12, 3],
    ["Conv1D", { filters: 4, kernel_size: [3] }],
    ["GlobalMaxPooling1D", {}],
    dense(3),
  ],
};
/** Smooth, so that finite differences of its loss hold. */
const SMOOTH: readonly [readonly number[], ...LayerJson[]] = [
  [6, 6, 2],
  conv(3, 3),
  bn,
  ["Activation", { activation: "tanh" }],
  ["AveragePooling2D", { pool_size: [2, 2], strides: [2, 2] }],
  ["GroupNormalization", { groups: 3 }],
  ["Flatten", {}],
  dense(3),
];
const TINY: readonly [readonly number[], ...LayerJson[]] = [
  [4],
  dense(5, "tanh"),
  bn,
  ["Dropout", { rate: 0.2 }],
  dense(3),
];

function expectClose(found: ModelTensors, expected: ModelTensors, tolerance: number): void {
  expect(found.map(({ name }) => name)).to.deep.equal(expected.map(({ name }) => name));
  found.forEach(({ name, data }, i) =>
    data.forEach((x, j) => {
      expect(x, `${name} ${j}`).to.be.closeTo(expected[i]?.data[j] ?? Number.NaN, tolerance);
    }),
  );
}

const valueOf = (tensors: ModelTensors, name: string, index: number): number =>
  tensors.find((tensor) => tensor.name === name)?.data[index] ?? Number.NaN;

/** What every engine has to hold, besides its operations' gradients: see gradientCases.ts. */
export function describeEngine(name: EngineName): void {
  describe(`the engine ${name}`, function () {
    this.timeout(300_000);
    const models: TrainableModel[] = [];
    afterEach(() => {
      for (const model of models.splice(0)) model.dispose();
    });

    async function load([shape, ...layers]: (typeof NETWORKS)[string], engine = name, classes = 3) {
      const model = await (
        await createEngine(engine)
      ).load({ topology: sequential(shape, ...layers) }, shape, classes);
      models.push(model);
      return model;
    }
    const options = (
      weights: ModelTensors,
      samples: Samples,
      changed: Partial<TrainOptions["hyper"]> = {},
    ): TrainOptions => ({ weights, samples, hyper: { ...hyper, ...changed }, round: 1, member: 1 });

    it("says who it is", async () => {
      expect(await createEngine(name)).to.include({ name, reason: "asked for" });
    });

    it("lowers the loss and learns", async () => {
      const model = await load(TINY);
      const samples = noise([4], 3, 120);
      const initial = model.initialise(1);
      const first = await model.train(options(initial, samples, { learningRate: 0.01 }));
      const last = await model.train(options(first.weights, samples, { localEpochs: 6 }));
      expect(last.loss).to.be.below(0.8 * first.loss);
      const [before, after] = [
        await model.evaluate(initial, samples),
        await model.evaluate(last.weights, samples),
      ];
      expect(after.correct).to.be.greaterThan(Math.max(before.correct, 70));
      expect(after.total).to.equal(120);
    });

    for (const [what, network] of Object.entries(NETWORKS)) {
      it(`takes the same step as cpu: ${what}`, async () => {
        const [here, there] = [await load(network), await load(network, "cpu")];
        const step = options(here.initialise(5), noise(network[0], 3, 8));
        const [found, expected] = [await here.train(step), await there.train(step)];
        expect(found.loss).to.be.closeTo(expected.loss, TOLERANCE_1);
        expectClose(found.weights, expected.weights, TOLERANCE_1);
      });
    }

    it("moves against the gradient that finite differences of the loss give", async () => {
      const model = await load(SMOOTH);
      const weights = model.initialise(5);
      const samples = noise(SMOOTH[0], 3, 8);
      const run = (from: ModelTensors) =>
        model.train(options(from, samples, { learningRate: 1, momentum: 0 }));
      const { weights: moved } = await run(weights);
      const eps = 1 / 128;
      for (const [i, { name: tensor, data }] of weights.entries()) {
        if (/moving_/.test(tensor)) continue;
        for (const j of new Set([0, data.length - 1])) {
          const lossAt = async (shift: number) => {
            const shifted = data.with(j, (data[j] ?? 0) + shift);
            return (await run(weights.map((t, k) => (k === i ? { ...t, data: shifted } : t)))).loss;
          };
          const slope = ((await lossAt(eps)) - (await lossAt(-eps))) / (2 * eps);
          const gradient = (data[j] ?? 0) - (moved[i]?.data[j] ?? 0);
          expect(gradient, `${tensor} ${j}`).to.be.closeTo(slope, 1e-3);
        }
      }
    });

    it("normalises by the batch in training and by the running statistics elsewhere", async () => {
      const model = await load([[1], bn, dense(1)], name, 1);
      const features = Float32Array.of(1, 2, 4, 9);
      const targets = Float32Array.of(0, 1, 0, 1);
      const samples: Samples = {
        split: { features, labels: new Uint8Array(4), targets, count: 4 },
        indices: [0, 1, 2, 3],
        inputShape: [1],
        mean: [0],
        std: [1],
      };
      const weights = model.initialise(1);
      const [kernel, bias] = [valueOf(weights, "l1/kernel", 0), valueOf(weights, "l1/bias", 0)];
      const [mean, variance] = [4, 9.5];
      const { loss, weights: moved } = await model.train(options(weights, samples));
      const answer = (x: number, m: number, v: number) => (kernel * (x - m)) / Math.sqrt(v + 1e-3) + bias;
      const errors = [...features].map((x, i) => answer(x, mean, variance) - (targets[i] ?? 0));
      expect(loss).to.be.closeTo(errors.reduce((sum, e) => sum + e * e, 0) / 4, 1e-5);
      expect(valueOf(moved, "l0/moving_mean", 0)).to.be.closeTo(0.1 * mean, 1e-5);
      expect(valueOf(moved, "l0/moving_variance", 0)).to.be.closeTo(0.9 + 0.1 * variance, 1e-5);

      const { absoluteError } = await model.evaluate(weights, { ...samples, indices: [3] });
      expect(absoluteError).to.be.closeTo(Math.abs(answer(9, 0, 1) - 1), 1e-5);
    });

    it("goes on from a saved file as if it had not stopped", async () => {
      const samples = noise([4], 3, 40);
      const first = await load(TINY);
      const { weights } = await first.train(options(first.initialise(1), samples));
      const file = encodeSafetensors({}, weights);
      const second = await load(TINY);
      const { tensors: read } = decodeSafetensors(file, second.specs);
      expectClose(read, weights, 0);
      expect(await second.evaluate(read, samples)).to.deep.equal(await first.evaluate(weights, samples));
      expectClose(
        (await second.train(options(read, samples))).weights,
        (await first.train(options(weights, samples))).weights,
        0,
      );
    });

    it("gives equal bits for equal arguments, and close to cpu's after 20 steps", async () => {
      const network = NETWORKS["convolutions, batch norm and max pooling"] ?? TINY;
      const samples = noise(network[0], 3, 32);
      const [first, second, reference] = [
        await load(network),
        await load(network),
        await load(network, "cpu"),
      ];
      const twenty = options(first.initialise(1), samples, { localEpochs: 5, learningRate: 0.02 });
      const { weights } = await first.train(twenty);
      expectClose((await second.train(twenty)).weights, weights, 0);
      expectClose(weights, (await reference.train(twenty)).weights, TOLERANCE_20);
    });

    it("draws dropout masks by seed, round, member and step, and none in evaluation", async () => {
      const model = await load([[64], ["Dropout", { rate: 0.5 }], dense(1)], name, 1);
      const samples: Samples = {
        ...noise([64], 1, 1),
        split: {
          features: new Float32Array(64).fill(1),
          labels: new Uint8Array(1),
          targets: Float32Array.of(0),
          count: 1,
        },
      };
      const ones = model.specs.map(({ name: tensor, shape }) => ({
        name: tensor,
        shape,
        data: new Float32Array(tensor === "l1/kernel" ? 64 : 1).fill(tensor === "l1/kernel" ? 1 : 0),
      }));
      // The square root of the loss is twice the number of inputs that were kept.
      const kept = async (changed: Partial<TrainOptions>) =>
        Math.sqrt((await model.train({ ...options(ones, samples), ...changed })).loss) / 2;
      const counts = [
        await kept({}),
        await kept({ round: 2 }),
        await kept({ member: 2 }),
        await kept({ round: 3 }),
      ];
      for (const count of counts) expect(count).to.be.within(20, 44);
      expect(new Set(counts).size).to.be.greaterThan(1);
      expect(await kept({})).to.equal(counts[0]);
      const random = new SeededRandom(hyper.seed, "dropout", 1, 1, 1, "l0");
      expect(counts[0]).to.be.closeTo(
        Array.from({ length: 64 }, () => random.uniform()).filter((u) => u >= 0.5).length,
        1e-3,
      );
      expect((await model.evaluate(ones, samples)).absoluteError).to.be.closeTo(64, 1e-3);
    });

    it("holds as many tensors and bytes after 1,000 steps as after 200", async () => {
      const model = await load(TINY);
      const thousand = options(model.initialise(1), noise([4], 3, 400), {
        batchSize: 4,
        localEpochs: 10,
        learningRate: 0.01,
      });
      const held = new Map<number, tf.MemoryInfo & { numBytesInGPUAllocated?: number }>();
      const heaps = new Map<number, number>();
      await model.train({
        ...thousand,
        onProgress: ({ step }) => {
          if (step !== 200 && step !== 1000) return;
          held.set(step, tf.memory());
          const { wasm } = tf.backend() as { readonly wasm?: { readonly HEAPU8: Uint8Array } };
          heaps.set(step, wasm?.HEAPU8.length ?? 0);
        },
      });
      const [early, late] = [held.get(200), held.get(1000)];
      expect(late?.numTensors).to.equal(early?.numTensors);
      expect(late?.numBytes).to.equal(early?.numBytes);
      expect(heaps.get(1000)).to.equal(heaps.get(200));
      expect(late?.numBytesInGPUAllocated ?? 0).to.be.at.most(2 * (early?.numBytesInGPUAllocated ?? 0));
    });

    it("serves many sets of weights from one model", async () => {
      const model = await load(TINY);
      const samples = noise([4], 3, 120);
      const [a, b] = [model.initialise(1), model.initialise(2)];
      const alone = [await model.evaluate(a, samples), await model.evaluate(b, samples)];
      const { numTensors } = tf.memory();
      for (let i = 0; i < 3; i++) {
        expect([await model.evaluate(a, samples), await model.evaluate(b, samples)]).to.deep.equal(alone);
      }
      expect(tf.memory().numTensors).to.equal(numTensors);
    });
  });
}
