import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { ArtifactError, InputError } from "#protocol/errors";
import type { TensorSpec } from "#protocol/artifacts/tensors";
import { createEngine } from "#learning/engines/createEngine";
import { manifestModel } from "#learning/models/manifestModel";
import { builtInTopology, type Topology } from "#learning/models/models";
import { readModel } from "#learning/data/readModel";
import { parseTopology } from "#learning/models/topologyFile";

const parameters = (tensors: readonly TensorSpec[]) =>
  tensors.reduce((sum, { shape }) => sum + shape.reduce((n, d) => n * d, 1), 0);

async function refusal(topology: Topology, tensors?: readonly TensorSpec[]): Promise<string> {
  const engine = await createEngine("auto");
  const error = await engine.load({ topology, ...(tensors && { tensors }) }, [8, 8, 1], 4).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArtifactError)) throw new Error(`expected an ArtifactError, got ${String(error)}`);
  expect(error.oneLine).to.not.include("\n");
  return error.message;
}

const input = { batch_input_shape: [null, 8, 8, 1] };
const sequential = (...layers: [string, object][]): Topology => ({
  class_name: "Sequential",
  config: {
    name: "test",
    layers: layers.map(([class_name, config], i) => ({
      class_name,
      config: { name: `layer_${i}`, ...(i === 0 && input), ...config },
    })),
  },
});
const flat: [string, object] = ["Flatten", {}];
const logits: [string, object] = ["Dense", { units: 4, activation: "linear" }];

const layer = (class_name: string, name: string, config: object, ...sources: string[]) => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: sources.length === 0 ? [] : [sources.map((source) => [source, 0, 0, {}])],
});
const functional = (...layers: object[]): Topology => ({
  class_name: "Model",
  config: { name: "test", layers, input_layers: [["in", 0, 0]], output_layers: [["out", 0, 0]] },
});

const sizeOf = async (name: string, shape: readonly number[], classes = 10) =>
  parameters((await manifestModel(builtInTopology(name, shape, classes), shape, classes)).tensors);

describe("built-in models", function () {
  this.timeout(60_000);

  it("have the papers' sizes", async () => {
    expect(await sizeOf("mlp", [28, 28, 1])).to.equal(199_210);
    expect(await sizeOf("cnn", [28, 28, 1])).to.equal(1_663_370);
    expect(await sizeOf("lenet", [32, 32, 3])).to.equal(62_006);
    expect(await sizeOf("lenet", [32, 32, 3], 100)).to.equal(69_656);
    expect(await sizeOf("prototype-mlp", [28, 28, 1])).to.equal(50_890);
    expect(await sizeOf("prototype-cnn", [28, 28, 1])).to.equal(21_840);
    expect(await sizeOf("har-cnn", [128, 6], 6)).to.equal(6_447_538);
  });

  it("count the running statistics of ResNet-9, which takes small and large images", async () => {
    expect(await sizeOf("resnet9", [32, 32, 3])).to.equal(6_575_370 + 4_480);
    expect(await sizeOf("resnet9", [28, 28, 1])).to.equal(6_575_370 + 4_480 - 2 * 9 * 64);
  });

  it("take tables and windows where that makes sense", async () => {
    expect(await sizeOf("mlp", [13], 1)).to.equal(14 * 200 + 201 * 200 + 201);
    expect(await sizeOf("prototype-mlp", [128, 6], 6)).to.equal((128 * 6 + 1) * 64 + 65 * 6);
  });

  it("are chosen by name", () => {
    expect(() => builtInTopology("resnet", [8, 8, 1], 10)).to.throw(InputError, 'no built-in model "resnet"');
    expect(() => builtInTopology("lenet", [8, 8, 1], 10)).to.throw(InputError, "too small for lenet");
    expect(() => builtInTopology("har-cnn", [28, 28, 1], 10)).to.throw(
      InputError,
      "har-cnn takes windows of [steps, channels], but the data has [28, 28, 1]",
    );
    expect(() => builtInTopology("resnet9", [13], 2)).to.throw(InputError, "takes images");
    try {
      builtInTopology("cnn", [128, 6], 6);
      expect.fail("it should have been refused");
    } catch (error) {
      expect((error as InputError).oneLine).to.include("Choose one of mlp, har-cnn, prototype-mlp");
    }
  });
});

describe("a publisher's topology", () => {
  it("may be functional, with branches", async () => {
    const conv = { filters: 2, kernel_size: [3, 3], padding: "same", activation: "relu" };
    const topology = functional(
      layer("InputLayer", "in", input),
      layer("Conv2D", "a", conv, "in"),
      layer("Conv2D", "b", conv, "a"),
      layer("Add", "sum", {}, "a", "b"),
      layer("GlobalAveragePooling2D", "pool", {}, "sum"),
      layer("Dense", "out", { units: 4, activation: "linear" }, "pool"),
    );
    const { tensors } = await manifestModel(topology, [8, 8, 1], 4);
    expect(tensors.map(({ name }) => name)).to.deep.equal(
      ["a", "b", "out"].flatMap((name) => [`${name}/kernel`, `${name}/bias`]),
    );
  });

  it("keeps its tensor names however often it is loaded", async () => {
    const topology = sequential(flat, logits);
    const first = await manifestModel(topology, [8, 8, 1], 4);
    expect((await manifestModel(topology, [8, 8, 1], 4)).tensors).to.deep.equal(first.tensors);
    expect(first.tensors[0]).to.deep.equal({ name: "layer_1/kernel", shape: [64, 4] });
  });

  it("is refused with the name of what is not supported", async () => {
    expect(await refusal(sequential(["LSTM", { units: 3 }], logits))).to.include("the layer LSTM (layer_0)");
    expect(await refusal(sequential(flat, ["Dropout", { rate: 1 }], logits))).to.equal(
      "The layer layer_1 has the rate 1",
    );
    expect(await refusal(sequential(["BatchNormalization", { epsilon: 0 }], flat, logits))).to.include(
      "the epsilon 0",
    );
    expect(await refusal(sequential(["BatchNormalization", { axis: 1 }], flat, logits))).to.include("axis 1");
    expect(await refusal(sequential(["GroupNormalization", { groups: 3 }], flat, logits))).to.include(
      "1 channels into 3 groups",
    );
    expect(await refusal(sequential(["GaussianNoise", { stddev: 1 }], flat, logits))).to.include(
      "the layer GaussianNoise",
    );
    expect(await refusal(sequential(flat, ["Dense", { units: 4, activation: "softmax" }]))).to.include(
      "softmax",
    );
    expect(await refusal(sequential(flat, logits, ["Activation", { activation: "softmax" }]))).to.include(
      "softmax",
    );
    expect(await refusal(sequential(flat, ["Dense", { units: 4, kernel_regularizer: {} }]))).to.include(
      "regularizer",
    );
    const dilated = { filters: 1, kernel_size: [3, 3], dilation_rate: [2, 2] };
    expect(await refusal(sequential(["Conv2D", dilated], flat, logits))).to.equal(
      "The layer layer_0 has the dilation_rate [2,2]",
    );
    const skipping = { filters: 1, kernel_size: [2, 2], strides: [3, 3], padding: "same" };
    expect(await refusal(sequential(["Conv2D", skipping], flat, logits))).to.include("strides greater");
    expect(await refusal({})).to.equal("The topology is not a Keras model");
    expect(await refusal({ class_name: "Sequential", config: { layers: [7] } })).to.include("no usable form");
    expect(await refusal(sequential(flat, logits, ["MaxPooling2D", {}]))).to.include("cannot be built");
  });

  it("is refused by name when it is Keras 3's", async () => {
    for (const file of ["keras3Mlp.json", "keras3Functional.json"]) {
      const text = await readFile(new URL(`fixtures/${file}`, import.meta.url), "utf8");
      const topology = JSON.parse(text) as Topology;
      expect(await refusal(topology)).to.match(
        /is in Keras 3's format \(module keras[a-z.]*\); nodes read Keras 2's$/,
      );
      const { module: _, ...bare } = topology;
      expect(await refusal(bare)).to.include("Keras 3's format (batch_shape)");
      expect(() => parseTopology(text, file)).to.throw(ArtifactError, "Keras 3's format");
      const saved = { modelTopology: { keras_version: "3.4.1", model_config: bare } };
      expect(() => parseTopology(JSON.stringify(saved), file)).to.throw(ArtifactError, "keras_version 3.4.1");
    }
    const archive = await readModel("model.keras", [8, 8, 1], 4).catch((error: unknown) => error);
    expect((archive as InputError).oneLine)
      .to.include("model.keras is an archive of Keras 3; nodes read")
      .and.to.include("tf_keras");
  });

  it("may be what late Keras 2 wrote, with notes of its modules", async () => {
    const noted = sequential(flat, logits);
    const { layers } = noted["config"] as { layers: object[] };
    const topology: Topology = {
      ...noted,
      config: {
        name: "test",
        build_input_shape: [null, 8, 8, 1],
        layers: layers.map((one) => ({
          module: "keras.layers",
          registered_name: null,
          build_config: {},
          ...one,
        })),
      },
      keras_version: "2.15.0",
      backend: "tensorflow",
    };
    expect((await manifestModel(topology, [8, 8, 1], 4)).tensors).to.have.length(2);
  });

  it("is refused where the library would read other names, fields or arguments than were checked", async () => {
    const within = (layers: object[], more: object = {}): Topology => ({
      class_name: "Functional",
      config: { name: "t", layers, input_layers: [["in", 0, 0]], output_layers: [["out", 0, 0]], ...more },
    });
    const first = layer("InputLayer", "in", input);
    const out = layer("Dense", "out", { units: 4 }, "flat");
    const flatten = layer("Flatten", "flat", {}, "in");
    expect(await refusal(within([first, { ...flatten, name: "other" }, out]))).to.equal(
      "The layer flat is called other outside of its config",
    );
    const { name: _, ...nameless } = flatten;
    expect(await refusal(within([first, nameless, out]))).to.include("The layer flat is called undefined");
    expect(await refusal(within([first, flatten, flatten, out]))).to.equal("Two layers have the name flat");
    const camel = { ...flatten, inbound_nodes: [], inboundNodes: [[["loop", 0, 0, {}]]] };
    expect(await refusal(within([first, camel, out]))).to.include("a field inboundNodes, which is not known");
    expect(await refusal(within([first, flatten, out], { inputLayers: [["out", 0, 0]] }))).to.include(
      "inputLayers",
    );
    expect(await refusal(within([first, flatten, out], { trainable: false }))).to.include(
      "trainable set to false",
    );
    const called = { ...flatten, inbound_nodes: [[["in", 0, 0, { training: true }]]] };
    expect(await refusal(within([first, called, out]))).to.equal(
      'The layer flat is applied with the arguments {"training":true}',
    );
    expect(await refusal(sequential(flat, ["Dense", { name: undefined, units: 4 }]))).to.equal(
      "A layer Dense has no name",
    );
  });

  it("is refused when its layers run in a circle", async () => {
    const circle = functional(
      layer("InputLayer", "in", input),
      layer("Flatten", "flat", {}, "in"),
      layer("Add", "sum", {}, "flat", "loop"),
      layer("Activation", "loop", { activation: "relu" }, "sum"),
      layer("Dense", "out", { units: 4 }, "sum"),
    );
    expect(await refusal(circle)).to.equal("The layer sum is applied to loop, which does not come before it");
  });

  it("is refused when its output does not stay logits", async () => {
    expect(await refusal(sequential(flat, ["Dense", { units: 4, activation: "relu" }]))).to.include(
      "not give logits",
    );
    expect(await refusal(sequential(flat, logits, ["ReLU", {}]))).to.include("layer_2, does not give logits");
    expect(await refusal(sequential(flat, logits, ["Activation", { activation: "tanh" }]))).to.include(
      "logits",
    );
  });

  it("is refused when it does not fit the data", async () => {
    expect(await refusal(sequential(flat, ["Dense", { units: 5 }]))).to.equal(
      "The model gives [5], but the data has 4 classes",
    );
    const other = sequential(["Flatten", { batch_input_shape: [null, 9, 8, 1] }], logits);
    expect(await refusal(other)).to.equal("The model takes inputs of [9, 8, 1], but the data has [8, 8, 1]");
  });

  it("is refused when the manifest's tensors are others", async () => {
    const topology = sequential(flat, logits);
    const { tensors } = await manifestModel(topology, [8, 8, 1], 4);
    const [kernel, bias] = tensors;
    if (kernel === undefined || bias === undefined) throw new Error("two tensors expected");
    expect(await refusal(topology, [kernel])).to.include("layer_1/bias, but the manifest does not");
    expect(await refusal(topology, [bias, kernel])).to.include("Tensor 0");
    expect(await refusal(topology, [{ ...kernel, shape: [64, 5] }, bias]))
      .to.include("[64, 4]")
      .and.to.include("[64, 5]");
    expect(await refusal(topology, [kernel, bias, { name: "x", shape: [1] }])).to.include("2 tensors");
  });

  it("is refused before its weights take memory", async () => {
    const huge = sequential(flat, ["Dense", { units: 2_000_000 }], logits);
    expect(await refusal(huge)).to.include("128000000 parameters");
  });
});
