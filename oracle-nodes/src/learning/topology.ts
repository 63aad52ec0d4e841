import { z } from "zod";
import { ArtifactError } from "../../../protocol/errors.ts";
import { BatchNormalization } from "./layers/batchNormalization.ts";
import { GroupNormalization } from "./layers/groupNormalization.ts";
import { SeededDropout, SeededSpatialDropout } from "./layers/seededDropout.ts";
import type { Topology } from "./models.ts";

/** The weights that each kind of layer may have, by name. */
const KERNEL = ["kernel", "bias"];
const NORMALISED = ["gamma", "beta"];

/**
 * Layers whose arithmetic is deterministic and whose gradients every engine has, with the weights they may have. What
 * `runsAs` another class draws or normalises by our own code instead of the library's.
 */
const LAYERS: Readonly<Record<string, { readonly weights?: readonly string[]; readonly runsAs?: string }>> = {
  InputLayer: {},
  Conv1D: { weights: KERNEL },
  Conv2D: { weights: KERNEL },
  Dense: { weights: KERNEL },
  Flatten: {},
  Reshape: {},
  MaxPooling1D: {},
  MaxPooling2D: {},
  AveragePooling1D: {},
  AveragePooling2D: {},
  GlobalAveragePooling1D: {},
  GlobalAveragePooling2D: {},
  GlobalMaxPooling1D: {},
  GlobalMaxPooling2D: {},
  ZeroPadding2D: {},
  Activation: {},
  ReLU: {},
  Add: {},
  Concatenate: {},
  BatchNormalization: {
    weights: [...NORMALISED, "moving_mean", "moving_variance"],
    runsAs: BatchNormalization.className,
  },
  GroupNormalization: { weights: NORMALISED, runsAs: GroupNormalization.className },
  LayerNormalization: { weights: NORMALISED },
  Dropout: { runsAs: SeededDropout.className },
  SpatialDropout1D: { runsAs: SeededSpatialDropout.className },
  SpatialDropout2D: { runsAs: SeededSpatialDropout.className },
};
const ACTIVATIONS: ReadonlySet<string> = new Set(["linear", "relu", "tanh", "sigmoid"]);
/** Settings that are numbers, and what they may be. */
const RANGES = [
  { key: "rate", means: "0 up to, but not, 1", holds: (x: unknown) => isNumber(x) && x >= 0 && x < 1 },
  { key: "momentum", means: "0 up to, but not, 1", holds: (x: unknown) => isNumber(x) && x >= 0 && x < 1 },
  {
    key: "epsilon",
    means: "a number from 1e-7 to 1",
    holds: (x: unknown) => isNumber(x) && x >= 1e-7 && x <= 1,
  },
  { key: "groups", means: "a whole number, or -1 for one a channel", holds: Number.isInteger },
] as const;
const isNumber = (value: unknown): value is number => typeof value === "number";
const MODELS: ReadonlySet<string> = new Set(["Sequential", "Model", "Functional"]);

const modelSchema = z.looseObject({
  class_name: z.string(),
  config: z.union([z.array(z.unknown()), z.looseObject({ layers: z.array(z.unknown()) })]),
});
const layerSchema = z.looseObject({
  class_name: z.string(),
  config: z.record(z.string(), z.unknown()),
  /** In functional models: the outputs that this layer is applied to, as [layer, node, tensor, arguments]. */
  inbound_nodes: z
    .array(z.array(z.tuple([z.string(), z.literal(0), z.literal(0)], z.unknown())))
    .max(1)
    .optional(),
});
type Layer = z.infer<typeof layerSchema>;

/**
 * Checks that a topology uses only what an engine may run: known layers, plain activations, no penalties, no
 * dilation, each layer applied once and to earlier ones. Everything else is refused by name instead of being run
 * differently from what was meant.
 *
 * @returns The topology with initialisers replaced by `initialiser(tensor name)`: initial weights come from the
 * task's seed or artifact, never from the library.
 * @throws {ArtifactError} naming the first layer or setting that is not allowed.
 */
export function checkTopology(topology: Topology, initialiser: (tensor: string) => object): Topology {
  const model = modelSchema.safeParse(topology);
  if (!model.success || !MODELS.has(model.data.class_name)) {
    throw new ArtifactError("The topology is not a Keras model", {
      hint: "Give model.toJSON(null, false) of a Sequential or functional model",
    });
  }
  const { config } = model.data;
  const earlier = new Set<string>();
  const layers = (Array.isArray(config) ? config : config.layers).map((value) => {
    const layer = layerSchema.safeParse(value);
    if (!layer.success) {
      const where = layer.error.issues[0]?.path.join(".") ?? "";
      throw new ArtifactError(`A layer of the topology has no usable ${where || "form"}`, {
        hint: "Give each layer class_name and config, and apply it once",
      });
    }
    const name = layerName(layer.data);
    checkLayer(layer.data, name, earlier);
    earlier.add(name);
    return withInitialisers(layer.data, name, initialiser);
  });
  return { ...topology, config: Array.isArray(config) ? layers : { ...config, layers } };
}

function layerName({ class_name, config }: Layer): string {
  return typeof config["name"] === "string" ? config["name"] : class_name;
}

function checkLayer(
  { class_name, config, inbound_nodes }: Layer,
  name: string,
  earlier: ReadonlySet<string>,
): void {
  if (!Object.hasOwn(LAYERS, class_name)) {
    throw new ArtifactError(`The topology uses the layer ${class_name} (${name}), which is not supported`, {
      hint: `Use only ${Object.keys(LAYERS).join(", ")}`,
    });
  }
  if (config["activation"] !== undefined && !ACTIVATIONS.has(String(config["activation"]))) {
    throw new ArtifactError(`The layer ${name} has the activation ${String(config["activation"])}`, {
      hint: `Use ${[...ACTIVATIONS].join(", ")}; the last layer gives logits, without softmax`,
    });
  }
  const penalty = Object.keys(config).find(
    (key) => /_(regularizer|constraint)$/.test(key) && config[key] !== null,
  );
  if (penalty !== undefined) {
    throw new ArtifactError(`The layer ${name} has a ${penalty}, which is not supported`, {
      hint: "Leave it out",
    });
  }
  if ([config["dilation_rate"] ?? 1].flat().some((rate) => rate !== 1)) {
    throw new ArtifactError(`The layer ${name} is dilated, which is not supported`, {
      hint: "Use dilation_rate 1",
    });
  }
  if (skipsInput(config)) {
    throw new ArtifactError(`The layer ${name} has strides greater than its kernel_size`, {
      hint: "Use strides of at most the kernel's size, or padding valid",
    });
  }
  const range = RANGES.find(({ key, holds }) => config[key] !== undefined && !holds(config[key]));
  if (range !== undefined) {
    throw new ArtifactError(`The layer ${name} has the ${range.key} ${String(config[range.key])}`, {
      hint: `Use ${range.means}`,
    });
  }
  const unknown = inbound_nodes?.flat().find(([source]) => !earlier.has(source));
  if (unknown !== undefined) {
    throw new ArtifactError(`The layer ${name} is applied to ${unknown[0]}, which does not stand before it`, {
      hint: "List the layers from the input to the output",
    });
  }
}

/** Whether a convolution with padding leaves out part of its input: one engine computes that wrongly. */
function skipsInput({ kernel_size, strides = 1, padding }: Layer["config"]): boolean {
  const [sizes, steps] = [[kernel_size].flat().map(Number), [strides].flat().map(Number)];
  return padding === "same" && sizes.some((size, axis) => size > 1 && (steps[axis] ?? steps[0] ?? 1) > size);
}

/** The layer as it is run: our own class where there is one, and weights that are not drawn by the library. */
function withInitialisers(layer: Layer, name: string, initialiser: (tensor: string) => object): Layer {
  const { weights = [], runsAs = layer.class_name } = LAYERS[layer.class_name] ?? {};
  const absent = [
    layer.config["use_bias"] === false && "bias",
    layer.config["scale"] === false && "gamma",
    layer.config["center"] === false && "beta",
  ];
  const initialisers = weights
    .filter((weight) => !absent.includes(weight))
    .map((weight) => [`${weight}_initializer`, initialiser(`${name}/${weight}`)]);
  return { ...layer, class_name: runsAs, config: { ...layer.config, ...Object.fromEntries(initialisers) } };
}
