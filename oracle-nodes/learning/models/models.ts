import { InputError } from "@concordat/protocol/errors";

/** Keras JSON as TensorFlow.js writes it. */
export type Topology = Record<string, unknown>;

type LayerJson = readonly [className: string, config: Record<string, unknown>];
/** A layer, or layers whose input is added to their output. */
type Part = LayerJson | { readonly residual: readonly LayerJson[] };

const isLayer = (part: Part): part is LayerJson => !("residual" in part);

interface BuiltIn {
  /** What it takes: number of dimensions of an input, or any, and the least size of each but the last. */
  readonly rank: 2 | 3 | "any";
  readonly least: number;
  /** All but the last layer, which gives the logits. */
  readonly parts: readonly Part[];
}

const conv = (
  filters: number,
  size: number,
  padding: "same" | "valid",
  activation: "relu" | "linear" = "relu",
): LayerJson => [
  "Conv2D",
  { filters, kernel_size: [size, size], strides: [1, 1], padding, activation, use_bias: true },
];
const maxPool: LayerJson = ["MaxPooling2D", { pool_size: [2, 2], strides: [2, 2], padding: "valid" }];
const flatten: LayerJson = ["Flatten", {}];
const relu: LayerJson = ["ReLU", {}];
const dropout: LayerJson = ["Dropout", { rate: 0.5 }];
const dense = (units: number, activation: "relu" | "linear"): LayerJson => [
  "Dense",
  { units, activation, use_bias: true },
];
/** A convolution, batch norm with PyTorch's momentum of .1 (Keras counts the other way) and a rectifier. */
const convNormRelu = (filters: number): readonly LayerJson[] => [
  conv(filters, 3, "same", "linear"),
  ["BatchNormalization", { axis: -1, momentum: 0.9, epsilon: 1e-5, center: true, scale: true }],
  relu,
];

/** The models that this release brings. */
const BUILT_IN = {
  /** Two hidden layers of 200 (paper 1, section 4.1; McMahan et al. 2017, "2NN"). */
  mlp: { rank: "any", least: 1, parts: [flatten, dense(200, "relu"), dense(200, "relu")] },
  /** Two 5 x 5 convolutions of 32 and 64 channels, each pooled, then 512 units (McMahan et al. 2017, "CNN"). */
  cnn: {
    rank: 3,
    least: 4,
    parts: [conv(32, 5, "same"), maxPool, conv(64, 5, "same"), maxPool, flatten, dense(512, "relu")],
  },
  /** The small one for colour images (LeCun et al. 1998, as in the PyTorch tutorial). */
  lenet: {
    rank: 3,
    least: 16,
    parts: [
      conv(6, 5, "valid"),
      maxPool,
      conv(16, 5, "valid"),
      maxPool,
      flatten,
      dense(120, "relu"),
      dense(84, "relu"),
    ],
  },
  /** Eight convolutions, two of them pairs with a residual, and one dense layer (Page 2018; He et al. 2016). */
  resnet9: {
    rank: 3,
    least: 8,
    parts: [
      ...convNormRelu(64),
      ...convNormRelu(128),
      maxPool,
      { residual: [...convNormRelu(128), ...convNormRelu(128)] },
      ...convNormRelu(256),
      maxPool,
      ...convNormRelu(512),
      maxPool,
      { residual: [...convNormRelu(512), ...convNormRelu(512)] },
      ["GlobalMaxPooling2D", {}],
    ],
  },
  /** One convolution along time for windows of sensor values, [steps, channels]: the prototype's for HAR (paper 1). */
  "har-cnn": {
    rank: 2,
    least: 4,
    parts: [
      [
        "Conv1D",
        {
          filters: 196,
          kernel_size: [15],
          strides: [1],
          padding: "same",
          activation: "relu",
          use_bias: true,
        },
      ],
      ["MaxPooling1D", { pool_size: [4], strides: [4], padding: "valid" }],
      flatten,
      dense(1024, "relu"),
      dropout,
    ],
  },
  /** The MLP of paper 1's prototype. */
  "prototype-mlp": { rank: "any", least: 1, parts: [flatten, dense(64, "linear"), dropout, relu] },
  /** The CNN of paper 1's prototype. */
  "prototype-cnn": {
    rank: 3,
    least: 16,
    parts: [
      conv(10, 5, "valid", "linear"),
      maxPool,
      relu,
      conv(20, 5, "valid", "linear"),
      ["SpatialDropout2D", { rate: 0.5 }],
      maxPool,
      relu,
      flatten,
      dense(50, "relu"),
      dropout,
    ],
  },
} as const satisfies Record<string, BuiltIn>;

export type ModelName = keyof typeof BUILT_IN;
/** The built-in models, by name. */
export const MODEL_NAMES = Object.keys(BUILT_IN) as readonly ModelName[];

/**
 * The topology of a built-in model; its outputs are logits, or one number where there is one class.
 * @param inputShape Of one record: [features], [steps, channels] or [height, width, channels].
 * @throws {InputError} when the name is unknown, or the model cannot take inputs of that shape.
 */
export function builtInTopology(name: string, inputShape: readonly number[], classes: number): Topology {
  const known = MODEL_NAMES.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new InputError(`There is no built-in model "${name}"`, {
      hint: `Choose one of ${MODEL_NAMES.join(", ")}`,
    });
  }
  const builtIn: BuiltIn = BUILT_IN[known];
  checkInput(known, inputShape);
  // One dimension is flat already.
  const parts = builtIn.parts.filter((part) => inputShape.length > 1 || part !== flatten);
  return topologyOf(known, inputShape, [...parts, dense(classes, "linear")]);
}

function checkInput(name: ModelName, inputShape: readonly number[]): void {
  const { rank, least }: BuiltIn = BUILT_IN[name];
  const fitting = MODEL_NAMES.filter((other) => takes(BUILT_IN[other], inputShape));
  const hint = `Choose one of ${fitting.join(", ")}`;
  if (rank !== "any" && rank !== inputShape.length) {
    const wanted = rank === 3 ? "images of [height, width, channels]" : "windows of [steps, channels]";
    throw new InputError(`${name} takes ${wanted}, but the data has [${inputShape.join(", ")}]`, { hint });
  }
  if (!takes(BUILT_IN[name], inputShape)) {
    throw new InputError(
      `Inputs of ${inputShape.join(" x ")} are too small for ${name}, which needs ${least} on each side`,
      { hint },
    );
  }
}

function takes({ rank, least }: BuiltIn, inputShape: readonly number[]): boolean {
  return (
    (rank === "any" || rank === inputShape.length) && inputShape.slice(0, -1).every((size) => size >= least)
  );
}

/** A sequential model, or a functional one where there are residuals. */
function topologyOf(name: ModelName, inputShape: readonly number[], parts: readonly Part[]): Topology {
  const numbers = new Map<string, number>();
  const named = ([className, config]: LayerJson) => {
    const number = (numbers.get(className) ?? 0) + 1;
    numbers.set(className, number);
    return { class_name: className, config: { name: `${className.toLowerCase()}_${number}`, ...config } };
  };
  const batchInput = { batch_input_shape: [null, ...inputShape] };
  if (parts.every(isLayer)) {
    const layers = parts.map((part, index) => {
      const layer = named(part);
      const { name: layerName, ...rest } = layer.config;
      return { ...layer, config: { name: layerName, ...(index === 0 && batchInput), ...rest } };
    });
    return { class_name: "Sequential", config: { name, layers } };
  }
  const layers: object[] = [];
  const append = (json: LayerJson, ...sources: string[]): string => {
    const layer = named(json);
    const inbound = sources.length === 0 ? [] : [sources.map((source) => [source, 0, 0, {}])];
    layers.push({ ...layer, name: layer.config.name, inbound_nodes: inbound });
    return layer.config.name;
  };
  const input = append(["InputLayer", { ...batchInput, dtype: "float32", sparse: false }]);
  let last = input;
  for (const part of parts) {
    if (isLayer(part)) {
      last = append(part, last);
    } else {
      const inner = part.residual.reduce((source, layer) => append(layer, source), last);
      last = append(["Add", {}], inner, last);
    }
  }
  return {
    class_name: "Functional",
    config: { name, layers, input_layers: [[input, 0, 0]], output_layers: [[last, 0, 0]] },
  };
}
