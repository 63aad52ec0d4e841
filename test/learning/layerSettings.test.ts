import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect } from "chai";
import { ArtifactError } from "#protocol/errors";
import { buildLayers } from "#learning/models/modelLayers";
import type { Topology } from "#learning/models/models";
import { SeededRandom } from "#learning/seededRandom";
import { openBackend, useBackend } from "#learning/engines/backends/openBackend";
import { LAYER_KINDS } from "#learning/models/topology/layerKinds";
import { filled, runningNorm, type Values } from "./layerReference.ts";
import { HONOURED, NEEDED, REFUSED } from "./layerSettingCases.ts";

const sequential = (inputShape: readonly number[], ...layers: [string, object][]): Topology => ({
  class_name: "Sequential",
  config: {
    name: "test",
    layers: layers.map(([class_name, config], i) => ({
      class_name,
      config: { name: `l${i}`, ...(i === 0 && { batch_input_shape: [null, ...inputShape] }), ...config },
    })),
  },
});

async function refusal(topology: Topology): Promise<string> {
  const error = await buildLayers(topology).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArtifactError)) throw new Error(`expected an ArtifactError, got ${String(error)}`);
  return error.oneLine;
}

/** Values of a shape that repeat, none of them near a kink. */
function drawnValues(shape: readonly number[], ...labels: readonly (string | number)[]): Values {
  const random = new SeededRandom(1, "layer settings", ...labels);
  return filled(shape, () => random.uniform(-1, 1));
}
const tensorOf = ({ shape, data }: Values) => tf.tensor([...data], [...shape], "float32");

/** Gives a layer's weights values, and says which, by their short names. */
function giveWeights(model: tfl.LayersModel): Record<string, Values> {
  const given = model.weights.map((weight): [string, Values] => {
    const name = weight.originalName.slice(weight.originalName.indexOf("/") + 1);
    const values = drawnValues(weight.shape as number[], name);
    // A variance is positive.
    return [name, name === "moving_variance" ? { ...values, data: values.data.map((x) => x + 1.5) } : values];
  });
  given.forEach(([, values], i) => model.weights[i]?.write(tensorOf(values)));
  return Object.fromEntries(given);
}

describe("a layer's settings", function () {
  this.timeout(60_000);
  before(async () => {
    await openBackend("cpu");
    await openBackend("wasm");
  });

  it("are refused with the layer, the setting and what to do, unless they are run as Keras does", async () => {
    useBackend("wasm");
    for (const [className, cases] of Object.entries(REFUSED)) {
      for (const [setting, value] of cases) {
        const config = { ...NEEDED[className], [setting]: value };
        const message = await refusal(sequential([5], [className, config]));
        expect(message, className).to.include("The layer l0 has").and.to.include(setting);
        expect(message).to.match(new RegExp(`In ${className} use |Leave it out|Write it [a-z_]+`));
      }
      const unknown = await refusal(sequential([5], [className, { ...NEEDED[className], surprise: 1 }]));
      expect(unknown).to.include(`the setting surprise, which ${className} does not know here. Leave it out`);
    }
    expect(Object.keys(REFUSED).toSorted()).to.deep.equal(Object.keys(LAYER_KINDS).toSorted());
  });

  it("are each at a default that is accepted, as Keras 2 and TensorFlow.js write it", async () => {
    useBackend("cpu");
    const glorot = { class_name: "GlorotUniform", config: { seed: null } };
    const nothing = { kernel_regularizer: null, bias_regularizer: null, activity_regularizer: null };
    const keras = {
      trainable: true,
      dtype: "float32",
      activation: "linear",
      use_bias: true,
      kernel_initializer: { module: "keras.initializers", registered_name: null, ...glorot },
      bias_initializer: { class_name: "Zeros", config: {} },
      ...nothing,
      kernel_constraint: null,
      bias_constraint: null,
    };
    const tfjsScaling = { scale: 1, mode: "fan_avg", distribution: "normal", seed: null };
    const conv2 = { data_format: "channels_last", dilation_rate: [1, 1], groups: 1, padding: "valid" };
    const topology = sequential(
      [4, 4, 1],
      ["Conv2D", { ...keras, ...conv2, filters: 2, kernel_size: [2, 2], strides: [1, 1] }],
      ["BatchNormalization", { axis: [3], momentum: 0.99, epsilon: 0.001, center: true, scale: true }],
      ["ReLU", { max_value: null, negative_slope: 0, threshold: 0 }],
      ["Dropout", { rate: 0.5, noise_shape: null, seed: null }],
      ["GlobalAveragePooling2D", { data_format: "channels_last", keepdims: false }],
      [
        "Dense",
        { ...keras, units: 2, kernel_initializer: { class_name: "VarianceScaling", config: tfjsScaling } },
      ],
    );
    (await buildLayers(topology)).dispose();

    const written = tfl.sequential({
      layers: [
        tfl.layers.conv2d({ inputShape: [8, 8, 2], filters: 2, kernelSize: 3, name: "conv" }),
        tfl.layers.batchNormalization({ name: "norm" }),
        tfl.layers.reLU({ name: "relu" }),
        tfl.layers.dropout({ rate: 0.1, name: "drop" }),
        tfl.layers.maxPooling2d({ poolSize: 2, name: "pool" }),
        tfl.layers.zeroPadding2d({ name: "pad" }),
        tfl.layers.layerNormalization({ name: "layer-norm" }),
        tfl.layers.reshape({ targetShape: [25, 2], name: "steps" }),
        tfl.layers.conv1d({ filters: 2, kernelSize: 3, name: "conv1" }),
        tfl.layers.averagePooling1d({ name: "pool1" }),
        tfl.layers.flatten({ name: "flat" }),
        tfl.layers.activation({ activation: "tanh", name: "act" }),
        tfl.layers.dense({ units: 3, name: "dense" }),
      ],
    });
    const model = await buildLayers(written.toJSON(null, false) as unknown as Topology);
    expect(model.layers.map(({ name }) => name)).to.deep.equal(written.layers.map(({ name }) => name));
    written.dispose();
    model.dispose();
  });

  for (const backend of ["cpu", "wasm"] as const) {
    it(`are honoured: output and gradients are those of plain loops, on ${backend}`, async () => {
      useBackend(backend);
      for (const [className, config, inputShape, reference] of HONOURED) {
        const what = `${className} ${JSON.stringify(config)}`;
        const model = await buildLayers(sequential(inputShape, [className, config]));
        const weights = giveWeights(model);
        const x = drawnValues([2, ...inputShape], "x");
        const expected = reference(x, weights);
        const output = model.apply(tensorOf(x)) as tf.Tensor;
        expect(output.shape, what).to.deep.equal([...expected.shape]);
        closeTo([...(await output.data())], expected.data, 1e-5, what);

        // Of the sum of outputs times fixed factors, by the input and by each weight that trains.
        const factors = drawnValues(expected.shape, "factors");
        const loss = (input: Values, by: Readonly<Record<string, Values>>) =>
          reference(input, by).data.reduce((sum, value, i) => sum + value * (factors.data[i] ?? 0), 0);
        const gradient = tf.grad((input) =>
          tf.sum(tf.mul(model.apply(input) as tf.Tensor, tensorOf(factors))),
        )(tensorOf(x));
        const slope = (values: Values, i: number, of: (moved: Values) => number): number => {
          const step = 1e-4;
          const move = (by: number) =>
            of({ ...values, data: values.data.map((v, k) => (k === i ? v + by : v)) });
          return (move(step) - move(-step)) / (2 * step);
        };
        const found = [...(await gradient.data())];
        for (let i = 0; i < found.length; i += 7) {
          expect(found[i], `${what}, input ${i}`).to.be.closeTo(
            slope(x, i, (moved) => loss(moved, weights)),
            2e-3,
          );
        }
        const trained = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        if (trained.length > 0) {
          const { grads } = tf.variableGrads(
            () => tf.sum(tf.mul(model.apply(tensorOf(x)) as tf.Tensor, tensorOf(factors))) as tf.Scalar,
            trained,
          );
          for (const weight of model.trainableWeights) {
            const name = weight.originalName.slice(weight.originalName.indexOf("/") + 1);
            const values = weights[name];
            const data = [...((await grads[(weight.read() as tf.Variable).name]?.data()) ?? [])];
            if (values === undefined) throw new Error(`no weight ${name}`);
            for (let i = 0; i < data.length; i += 5) {
              const by = (moved: Values) => loss(x, { ...weights, [name]: moved });
              expect(data[i], `${what}, ${name} ${i}`).to.be.closeTo(slope(values, i, by), 2e-3);
            }
          }
        }
        model.dispose();
      }
    });
  }

  it("join along any axis of a record", async () => {
    useBackend("wasm");
    for (const axis of [-1, 1, 2, null]) {
      const layer = (class_name: string, name: string, config: object, ...sources: string[]) => ({
        class_name,
        name,
        config: { name, ...config },
        inbound_nodes: sources.length === 0 ? [] : [sources.map((source) => [source, 0, 0, {}])],
      });
      const model = await buildLayers({
        class_name: "Functional",
        config: {
          name: "test",
          layers: [
            layer("InputLayer", "in", { batch_input_shape: [null, 2, 3] }),
            layer("ReLU", "positive", {}, "in"),
            layer("Concatenate", "join", { axis }, "in", "positive"),
          ],
          input_layers: [["in", 0, 0]],
          output_layers: [["join", 0, 0]],
        },
      });
      const x = drawnValues([2, 2, 3], "x");
      const output = model.apply(tensorOf(x)) as tf.Tensor;
      const along = axis === 1 ? 1 : 2;
      const expected = filled(along === 1 ? [2, 4, 3] : [2, 2, 6], (n = 0, row = 0, column = 0) => {
        const isSecond = along === 1 ? row >= 2 : column >= 3;
        const [r, c] = [along === 1 ? row % 2 : row, along === 2 ? column % 3 : column];
        const value = x.data[(n * 2 + r) * 3 + c] ?? Number.NaN;
        return isSecond ? Math.max(0, value) : value;
      });
      expect(output.shape).to.deep.equal([...expected.shape]);
      closeTo([...(await output.data())], expected.data, 1e-6, `axis ${axis}`);
      model.dispose();
    }
  });

  it("let batch norm stand still as in Keras 2: by running statistics, which stay", async () => {
    useBackend("wasm");
    const model = await buildLayers(
      sequential([4], ["BatchNormalization", { trainable: false, epsilon: 0.1 }], ["Dense", { units: 2 }]),
    );
    const weights = giveWeights(model);
    const x = drawnValues([3, 4], "x");
    const norm = model.layers[0]?.apply(tensorOf(x), { training: true }) as tf.Tensor;
    closeTo([...(await norm.data())], runningNorm(0.1)(x, weights).data, 1e-5, "training");
    const mean = model.weights.find(({ originalName }) => originalName === "l0/moving_mean");
    closeTo([...((await mean?.read().data()) ?? [])], weights["moving_mean"]?.data ?? [], 1e-7, "statistics");
    expect(model.trainableWeights.map(({ originalName }) => originalName)).to.deep.equal([
      "l1/kernel",
      "l1/bias",
    ]);
    model.dispose();
  });
});

function closeTo(found: readonly number[], expected: readonly number[], by: number, what: string): void {
  expect(found.length, what).to.equal(expected.length);
  found.forEach((value, i) =>
    expect(value, `${what}, value ${i}`).to.be.closeTo(expected[i] ?? Number.NaN, by),
  );
}
