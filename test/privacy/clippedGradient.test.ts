import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { type BatchTensors, meanGradient } from "#learning/training/batchGradient";
import { clippedSum } from "#learning/training/clippedGradient";
import { createEngine } from "#learning/engines/createEngine";
import { initialWeights } from "#learning/models/initialWeights";
import { placeDropout } from "#learning/models/layers/seededDropout";
import { buildLayers, tensorSpecs } from "#learning/models/modelLayers";
import { builtInTopology, type Topology } from "#learning/models/models";
import { SeededRandom } from "#learning/seededRandom";

type LayerJson = readonly [className: string, config: Record<string, unknown>];
const conv = (filters: number, size: number, rest: object = {}): LayerJson => [
  "Conv2D",
  { filters, kernel_size: [size, size], padding: "same", activation: "relu", ...rest },
];
const logits = (units: number): LayerJson => ["Dense", { units, activation: "linear" }];
const flatten: LayerJson = ["Flatten", {}];

function sequential(inputShape: readonly number[], layers: readonly LayerJson[]): Topology {
  const named = layers.map(([class_name, config], i) => ({
    class_name,
    config: { name: `layer_${i}`, ...(i === 0 && { batch_input_shape: [null, ...inputShape] }), ...config },
  }));
  return { class_name: "Sequential", config: { name: "test", layers: named } };
}

/** A built-in topology whose dropout drops nothing, since masks depend on the place in the batch. */
const withoutDropout = (topology: Topology): Topology =>
  JSON.parse(JSON.stringify(topology).replaceAll('"rate":0.5', '"rate":0')) as Topology;

const residual = (): Topology => {
  const layer = (class_name: string, name: string, config: object, ...from: string[]) => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])],
  });
  const convolution = { filters: 4, kernel_size: [3, 3], padding: "same", activation: "linear" };
  return {
    class_name: "Functional",
    config: {
      name: "residual",
      layers: [
        layer("InputLayer", "in", { batch_input_shape: [null, 6, 6, 2], dtype: "float32", sparse: false }),
        layer("Conv2D", "a", convolution, "in"),
        layer("GroupNormalization", "norm", { groups: 2 }, "a"),
        layer("ReLU", "relu", {}, "norm"),
        layer("Conv2D", "b", { ...convolution, use_bias: false }, "relu"),
        layer("Add", "sum", {}, "a", "b"),
        layer("GlobalAveragePooling2D", "pool", {}, "sum"),
        layer("Dense", "logits", { units: 3, activation: "linear" }, "pool"),
      ],
      input_layers: [["in", 0, 0]],
      output_layers: [["logits", 0, 0]],
    },
  };
};

const MODELS: readonly (readonly [
  name: string,
  inputShape: number[],
  classes: number,
  topology: Topology,
])[] = [
  ["the MLP", [6, 6, 1], 4, builtInTopology("mlp", [6, 6, 1], 4)],
  ["the CNN", [8, 8, 1], 4, builtInTopology("cnn", [8, 8, 1], 4)],
  ["LeNet", [16, 16, 3], 5, builtInTopology("lenet", [16, 16, 3], 5)],
  ["the CNN for sensor windows", [16, 3], 4, withoutDropout(builtInTopology("har-cnn", [16, 3], 4))],
  ["the prototype's CNN", [16, 16, 1], 3, withoutDropout(builtInTopology("prototype-cnn", [16, 16, 1], 3))],
  ["group norm and a residual", [6, 6, 2], 3, residual()],
  [
    "group norm of one group a channel and layer norm",
    [6, 6, 2],
    3,
    sequential(
      [6, 6, 2],
      [conv(4, 3), ["GroupNormalization", { groups: -1 }], flatten, ["LayerNormalization", {}], logits(3)],
    ),
  ],
  [
    "a strided convolution that leaves out the last column, and one of 1 x 1",
    [8, 8, 2],
    3,
    sequential(
      [8, 8, 2],
      [conv(3, 3, { strides: [2, 2], padding: "valid" }), conv(5, 1), flatten, logits(3)],
    ),
  ],
  [
    "settings that are not the default",
    [7, 6, 2],
    3,
    sequential(
      [7, 6, 2],
      [
        conv(4, 3, { kernel_size: [2, 3], strides: [1, 2], use_bias: false, activation: "linear" }),
        [
          "ZeroPadding2D",
          {
            padding: [
              [1, 0],
              [0, 2],
            ],
          },
        ],
        ["LayerNormalization", { center: false, epsilon: 0.1 }],
        ["ReLU", { max_value: 0.7 }],
        ["AveragePooling2D", { pool_size: [2, 3], strides: [2, 1], padding: "same" }],
        ["GroupNormalization", { groups: 2, scale: false }],
        ["MaxPooling2D", { pool_size: 2, strides: [1, 2], padding: "same" }],
        ["Reshape", { target_shape: [12, 4] }],
        ["Conv1D", { filters: 3, kernel_size: 4, strides: 3, padding: "same", activation: "tanh" }],
        flatten,
        logits(3),
      ],
    ),
  ],
  [
    "wide convolutions of few places, whose norms come from Gram matrices",
    [4, 4, 16],
    3,
    sequential([4, 4, 16], [conv(48, 3), conv(64, 3, { strides: [2, 2] }), flatten, logits(3)]),
  ],
  [
    "a dense layer along a sequence, narrow and wide",
    [5, 24],
    3,
    sequential(
      [5, 24],
      [
        ["Dense", { units: 32, activation: "tanh" }],
        ["Dense", { units: 2, activation: "sigmoid" }],
        flatten,
        logits(3),
      ],
    ),
  ],
  ["a regression", [7], 1, sequential([7], [["Dense", { units: 5, activation: "tanh" }], logits(1)])],
];

const SIZE = 5;

interface Loaded {
  readonly layers: tfl.LayersModel;
  readonly variables: tf.Variable[];
  readonly batch: BatchTensors;
}

async function load(inputShape: readonly number[], classes: number, topology: Topology): Promise<Loaded> {
  await createEngine("wasm");
  await tf.setBackend("wasm");
  const layers = await buildLayers(topology);
  const weights = initialWeights(tensorSpecs(layers), 3);
  layers.weights.forEach((weight, i) => {
    const { data, shape } = weights[i] ?? { data: [], shape: [] };
    weight.write(tf.tensor(data, [...shape]));
  });
  const random = new SeededRandom(5, "batch");
  const count = SIZE * inputShape.reduce((product, n) => product * n, 1);
  // Records of different sizes have gradients of different norms, some of which are clipped.
  const inputs = Float32Array.from(
    { length: count },
    (_, i) => random.normal() * (0.2 + Math.floor((i * SIZE) / count)),
  );
  const labels = Array.from({ length: SIZE }, (_, i) => i % classes);
  const answers =
    classes === 1
      ? tf.tensor2d([1, -2, 0.5, 4, 0], [SIZE, 1])
      : tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32");
  return {
    layers,
    variables: layers.trainableWeights.map((weight) => weight.read() as tf.Variable),
    batch: { inputs: tf.tensor(inputs, [SIZE, ...inputShape]), answers: answers as tf.Tensor2D },
  };
}

function valuesOf(tensor: tf.Tensor | undefined): Float32Array {
  return tensor === undefined ? new Float32Array() : (tensor.dataSync() as Float32Array);
}

/** What clipping means, record by record: plain gradients of batches of one. */
function recordByRecord({ layers, variables, batch }: Loaded, clip: number) {
  const norms: number[] = [];
  const sums = variables.map(({ size }) => new Float64Array(size));
  for (let row = 0; row < SIZE; row++) {
    const one = { inputs: tf.slice(batch.inputs, row, 1), answers: tf.slice(batch.answers, row, 1) };
    const { gradients } = meanGradient(layers, one, variables);
    const values = variables.map(({ name }) => valuesOf(gradients[name]));
    const norm = Math.sqrt(values.reduce((sum, data) => data.reduce((inner, x) => inner + x * x, sum), 0));
    norms.push(norm);
    values.forEach((data, i) => {
      const sum = sums[i] ?? new Float64Array();
      data.forEach((x, j) => (sum[j] = (sum[j] ?? 0) + x * Math.min(1, clip / norm)));
    });
  }
  return { norms, sums };
}

describe("The sum of clipped gradients", function () {
  this.timeout(20_000);

  for (const [name, inputShape, classes, topology] of MODELS) {
    it(`is that of gradients clipped record by record, for ${name}`, async () => {
      const loaded = await load(inputShape, classes, topology);
      const { norms } = recordByRecord(loaded, 1);
      const median = norms.toSorted((a, b) => a - b)[2] ?? 1;
      for (const clip of [median / 3, median, 1e6]) {
        const { sums } = recordByRecord(loaded, clip);
        const { gradients } = clippedSum(loaded.layers, loaded.batch, SIZE, loaded.variables, clip);
        const scale = Math.min(clip, median);
        gradients.forEach((gradient, i) => {
          const difference = valuesOf(gradient).reduce(
            (most, x, j) => Math.max(most, Math.abs(x - (sums[i]?.[j] ?? 0))),
            0,
          );
          expect(difference / scale, `${loaded.variables[i]?.name} at ${clip}`).to.be.below(2e-5);
        });
      }
      loaded.layers.dispose();
    });
  }

  it("leaves rows of padding out of losses and gradients", async () => {
    const { layers, variables, batch } = await load([6, 6, 2], 3, residual());
    const padded = {
      inputs: tf.pad(batch.inputs, [
        [0, 3],
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
      answers: tf.pad(batch.answers, [
        [0, 3],
        [0, 0],
      ]),
    };
    const [plain, withPadding] = [batch, padded].map((tensors) => {
      const { loss, gradients } = clippedSum(layers, tensors, SIZE, variables, 0.1);
      return [loss, ...gradients].flatMap((tensor) => [...tensor.dataSync()]);
    });
    plain?.forEach((x, i) => expect(withPadding?.[i]).to.be.closeTo(x, 1e-6));
    layers.dispose();
  });

  it("is the plain gradient of the summed loss where nothing is clipped, dropout included", async () => {
    const topology = builtInTopology("har-cnn", [16, 3], 4);
    const { layers, variables, batch } = await load([16, 3], 4, topology);
    placeDropout(layers, { seed: 1, round: 1, member: 1, step: 1 });
    const { gradients } = clippedSum(layers, batch, SIZE, variables, 1e6);
    const plain = meanGradient(layers, batch, variables);
    placeDropout(layers, { seed: 1, round: 1, member: 1, step: 2 });
    const elsewhere = meanGradient(layers, batch, variables);
    const distance = (other: tf.NamedTensorMap) =>
      Math.max(
        ...variables.map(({ name }, i) => {
          const [a, b] = [gradients[i], other[name]];
          return a === undefined || b === undefined
            ? 1
            : (valuesOf(tf.max(tf.abs(tf.sub(a, tf.mul(b, SIZE)))))[0] ?? 1);
        }),
      );
    expect(distance(plain.gradients)).to.be.below(1e-4);
    expect(distance(elsewhere.gradients)).to.be.above(1e-2);
    layers.dispose();
  });

  it("clips over the weights that move alone", async () => {
    const { layers, variables, batch } = await load(
      [7],
      1,
      sequential([7], [["Dense", { units: 5 }], logits(1)]),
    );
    const head = variables.slice(2);
    const clip = 0.01;
    const [kernel, bias] = clippedSum(layers, batch, 1, head, clip).gradients.map((gradient) =>
      gradient.dataSync(),
    );
    const norm = Math.hypot(...(kernel ?? []), ...(bias ?? []));
    expect(norm).to.be.closeTo(clip, 1e-6);
    layers.dispose();
  });

  it("refuses batch norm, naming what to use instead", async () => {
    const topology = sequential([4], [["Dense", { units: 3 }], ["BatchNormalization", {}], logits(2)]);
    const { layers, variables, batch } = await load([4], 2, topology);
    expect(() => clippedSum(layers, batch, SIZE, variables, 1)).to.throw(InputError, "is batch norm");
    layers.dispose();
  });
});
