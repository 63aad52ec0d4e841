import { z } from "zod";
import { ArtifactError } from "../../../protocol/errors.ts";
import type { Topology } from "./models.ts";

/** Layers whose arithmetic is deterministic and whose gradients every engine has. */
const LAYERS: ReadonlySet<string> = new Set([
  "InputLayer",
  "Conv2D",
  "Dense",
  "Flatten",
  "Reshape",
  "MaxPooling2D",
  "AveragePooling2D",
  "GlobalAveragePooling2D",
  "ZeroPadding2D",
  "Activation",
  "ReLU",
  "Add",
  "Concatenate",
]);
const ACTIVATIONS: ReadonlySet<string> = new Set(["linear", "relu", "tanh", "sigmoid"]);
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
  if (!LAYERS.has(class_name)) {
    throw new ArtifactError(`The topology uses the layer ${class_name} (${name}), which is not supported`, {
      hint: `Use only ${[...LAYERS].join(", ")}`,
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
  const unknown = inbound_nodes?.flat().find(([source]) => !earlier.has(source));
  if (unknown !== undefined) {
    throw new ArtifactError(`The layer ${name} is applied to ${unknown[0]}, which does not stand before it`, {
      hint: "List the layers from the input to the output",
    });
  }
}

function withInitialisers(layer: Layer, name: string, initialiser: (tensor: string) => object): Layer {
  if (layer.class_name !== "Conv2D" && layer.class_name !== "Dense") return layer;
  const config = { ...layer.config, kernel_initializer: initialiser(`${name}/kernel`) };
  if (layer.config["use_bias"] === false) return { ...layer, config };
  return { ...layer, config: { ...config, bias_initializer: initialiser(`${name}/bias`) } };
}
