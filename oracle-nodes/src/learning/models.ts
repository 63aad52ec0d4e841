import { InputError } from "../../../protocol/errors.ts";

/** Keras JSON as TensorFlow.js writes it. */
export type Topology = Record<string, unknown>;

/** The models that this release brings, by name. */
export const MODEL_NAMES = ["mlp", "cnn", "lenet"] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

type LayerJson = readonly [className: string, config: Record<string, unknown>];

const conv = (filters: number, size: number, padding: "same" | "valid"): LayerJson => [
  "Conv2D",
  { filters, kernel_size: [size, size], strides: [1, 1], padding, activation: "relu", use_bias: true },
];
const maxPool: LayerJson = ["MaxPooling2D", { pool_size: [2, 2], strides: [2, 2], padding: "valid" }];
const flatten: LayerJson = ["Flatten", {}];
const dense = (units: number, activation: "relu" | "linear"): LayerJson => [
  "Dense",
  { units, activation, use_bias: true },
];

const LAYERS: Record<ModelName, readonly LayerJson[]> = {
  /** Two hidden layers of 200 (paper 1, section 4.1; McMahan et al. 2017, "2NN"). */
  mlp: [flatten, dense(200, "relu"), dense(200, "relu")],
  /** Two 5 x 5 convolutions of 32 and 64 channels, each pooled, then 512 units (McMahan et al. 2017, "CNN"). */
  cnn: [conv(32, 5, "same"), maxPool, conv(64, 5, "same"), maxPool, flatten, dense(512, "relu")],
  /** The small one for colour images (LeCun et al. 1998, as in the PyTorch tutorial). */
  lenet: [
    conv(6, 5, "valid"),
    maxPool,
    conv(16, 5, "valid"),
    maxPool,
    flatten,
    dense(120, "relu"),
    dense(84, "relu"),
  ],
};

/**
 * The topology of a built-in model for inputs of a shape, [height, width, channels] for images; its output are logits.
 * @throws {InputError} when the name is unknown or the images are too small for it.
 */
export function builtInTopology(name: string, inputShape: readonly number[], classes: number): Topology {
  const known = MODEL_NAMES.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new InputError(`There is no built-in model "${name}"`, {
      hint: `Choose one of ${MODEL_NAMES.join(", ")}`,
    });
  }
  const [height = 0, width = 0] = inputShape;
  if (known === "lenet" && Math.min(height, width) < 16) {
    throw new InputError(`Images of ${height} x ${width} are too small for lenet`, {
      hint: "Choose mlp or cnn",
    });
  }
  const counts = new Map<string, number>();
  const layers = [...LAYERS[known], dense(classes, "linear")].map(([className, config], index) => {
    const number = (counts.get(className) ?? 0) + 1;
    counts.set(className, number);
    const input = index === 0 ? { batch_input_shape: [null, ...inputShape] } : {};
    return {
      class_name: className,
      config: { name: `${className.toLowerCase()}_${number}`, ...input, ...config },
    };
  });
  return { class_name: "Sequential", config: { name: known, layers } };
}
