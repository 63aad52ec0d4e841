import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { digits } from "#learning/data/digits";
import { type EngineChoice, type TrainableModel } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology, type Topology } from "#learning/models/models";
import type { Samples } from "#learning/data/samples";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import { TRAINER, pythonWithTorch } from "./torch.ts";

const dataset = digits();
const { inputShape, classes, mean, std } = dataset;
const samplesOf = (count: number): Samples => ({
  split: dataset.train,
  indices: Array.from({ length: count }, (_, i) => 7 * i),
  inputShape,
  mean,
  std,
});
/** One step an epoch, so that no shuffle matters. */
const hyper = {
  optimiser: "sgd",
  learningRate: 0.1,
  momentum: 0.5,
  localEpochs: 3,
  batchSize: 60,
  seed: 1,
} as const;

const layer = (class_name: string, config: object): object => ({ class_name, config });
/** Every layer that the example knows, with what layouts can get wrong: even kernels, odd sides, unequal strides. */
const EVERY_LAYER: Topology = {
  class_name: "Sequential",
  config: {
    name: "every",
    layers: [
      layer("Conv2D", {
        name: "first",
        batch_input_shape: [null, ...inputShape],
        filters: 3,
        kernel_size: [4, 3],
        strides: [1, 1],
        padding: "same",
        activation: "tanh",
      }),
      layer("MaxPooling2D", { name: "pool", pool_size: [3, 2], strides: [2, 3], padding: "valid" }),
      layer("Conv2D", { name: "second", filters: 5, kernel_size: [2, 3], strides: [2, 1], use_bias: false }),
      layer("ReLU", { name: "relu" }),
      layer("Flatten", { name: "flatten" }),
      layer("Dense", { name: "hidden", units: 12, activation: "sigmoid" }),
      layer("Dense", { name: "logits", units: classes, activation: "linear" }),
    ],
  },
};

describe("the PyTorch example", function () {
  this.timeout(120_000);
  let python = "";
  before(function () {
    python = pythonWithTorch() ?? "";
    if (python !== "") return;
    console.log("      no python3 has PyTorch: skipped");
    this.skip();
  });

  const models: TrainableModel[] = [];
  afterEach(() => models.splice(0).forEach((model) => model.dispose()));

  async function load(
    engine: EngineChoice,
    topology: Topology,
    like?: TrainableModel,
  ): Promise<TrainableModel> {
    const tensors = like === undefined ? {} : { tensors: like.specs };
    const model = await (await createEngine(engine)).load({ topology, ...tensors }, inputShape, classes);
    models.push(model);
    return model;
  }
  const both = async (topology: Topology): Promise<readonly [TrainableModel, TrainableModel]> => {
    const wasm = await load("wasm", topology);
    const process = { command: python, args: [TRAINER], timeoutSeconds: 60 };
    return [wasm, await load({ process }, topology, wasm)];
  };
  const train = async (model: TrainableModel, weights: ModelTensors) =>
    model.train({ weights, samples: samplesOf(60), hyper, round: 1, member: 1 });

  it("computes what wasm computes: loss, every trained weight, and answers, on every layer it knows", async () => {
    for (const topology of [EVERY_LAYER, builtInTopology("lenet", inputShape, classes)]) {
      const [wasm, torch] = await both(topology);
      const initial = wasm.initialise(3);
      const [expected, found] = [await train(wasm, initial), await train(torch, initial)];
      expect(found.loss).to.be.closeTo(expected.loss, 1e-4);
      expect(found.samples).to.equal(60);
      for (const [i, { name, data }] of expected.weights.entries()) {
        const other = found.weights[i]?.data ?? [];
        data.forEach((value, j) => expect(other[j], `${name}[${j}]`).to.be.closeTo(value, 1e-4));
      }
      const samples = samplesOf(200);
      expect(await torch.evaluate(expected.weights, samples)).to.deep.equal(
        await wasm.evaluate(expected.weights, samples),
      );
    }
  });

  it("says which layer it does not know, and that it does no more than plain training", async () => {
    const [wasm, torch] = await both({
      ...EVERY_LAYER,
      config: {
        name: "pooled",
        layers: [
          layer("AveragePooling2D", {
            name: "mean",
            batch_input_shape: [null, ...inputShape],
            pool_size: [2, 2],
          }),
          layer("Flatten", { name: "flatten" }),
          layer("Dense", { name: "logits", units: classes, activation: "linear" }),
        ],
      },
    });
    const weights = wasm.initialise(1);
    const message = (error: Error): string => error.message;
    expect(await train(torch, weights).catch(message)).to.contain("the layer mean (AveragePooling2D)");
    const proximal = { anchor: weights, mu: 1 };
    const options = { weights, samples: samplesOf(60), hyper, round: 1, member: 1, proximal };
    expect(await torch.train(options).catch(message)).to.contain("PyTorch example");
  });

  it("says which setting it does not run", async () => {
    for (const [className, setting] of [
      ["ReLU", { max_value: 6 }],
      ["Dense", { units: 4, trainable: false }],
    ] as const) {
      const refused = await both({
        class_name: "Sequential",
        config: {
          name: "settings",
          layers: [
            layer("Flatten", { name: "flatten", batch_input_shape: [null, ...inputShape] }),
            layer(className, { name: "odd", ...setting }),
            layer("Dense", { name: "logits", units: classes, activation: null }),
          ],
        },
      }).catch((error: Error) => error.message);
      expect(refused).to.contain(`the layer odd (${className}) has`).and.to.contain("not supported");
    }
  });

  it("ends when its input does, as when its node is killed", () => {
    const { status, stdout } = spawnSync(python, [TRAINER], { input: '{"id":1,"command":"hello"}\n' });
    expect(status).to.equal(0);
    expect(JSON.parse(String(stdout))).to.have.nested.property("done.protocol", "concordat/trainer/1");
  });
});
