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

const schema = z.object({
  class_name: z.string(),
  config: z.union([z.array(z.unknown()), z.object({ layers: z.array(z.unknown()) })]),
});
const layerSchema = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) });

/**
 * Checks that a topology uses only what an engine may run: known layers, plain activations, no penalties,
 * no dilation. Everything else is refused by name instead of being run differently from what was meant.
 *
 * @returns The topology with each layer's initialisers replaced by `initialiser(tensor name)`: initial weights come from
 * the task's seed or artifact, never from the library.
 * @throws {ArtifactError} naming the first layer or setting that is not allowed.
 */
export function checkTopology(topology: Topology, initialiser: (tensor: string) => object): Topology {
  const model = schema.safeParse(topology);
  if (!model.success || !MODELS.has(model.data.class_name)) {
    throw new ArtifactError("The topology is not a Keras model", {
      hint: "Give model.toJSON(null, false) of a Sequential or functional model",
    });
  }
  const { config } = model.data;
  const layers = (Array.isArray(config) ? config : config.layers).map((layer) =>
    checkLayer(layer, initialiser),
  );
  return { ...topology, config: Array.isArray(config) ? layers : { ...config, layers } };
}

function checkLayer(value: unknown, initialiser: (tensor: string) => object): Record<string, unknown> {
  const layer = layerSchema.safeParse(value);
  if (!layer.success) throw new ArtifactError("The topology has a layer without class_name or config");
  const { class_name: kind, config } = layer.data;
  const name = typeof config["name"] === "string" ? config["name"] : kind;
  if (!LAYERS.has(kind)) {
    throw new ArtifactError(`The topology uses the layer ${kind} (${name}), which is not supported`, {
      hint: `Use only ${[...LAYERS].join(", ")}`,
    });
  }
  if (config["activation"] !== undefined && !ACTIVATIONS.has(String(config["activation"]))) {
    throw new ArtifactError(`The layer ${name} has the activation ${String(config["activation"])}`, {
      hint: `Use ${[...ACTIVATIONS].join(", ")}; the last layer gives logits, without softmax`,
    });
  }
  for (const [key, setting] of Object.entries(config)) {
    if (/_(regularizer|constraint)$/.test(key) && setting !== null && setting !== undefined) {
      throw new ArtifactError(`The layer ${name} has a ${key}, which is not supported`, {
        hint: "Leave it out",
      });
    }
  }
  const dilation = config["dilation_rate"] ?? 1;
  if ((Array.isArray(dilation) ? dilation : [dilation]).some((rate) => rate !== 1)) {
    throw new ArtifactError(`The layer ${name} is dilated, which is not supported`, {
      hint: "Use dilation_rate 1",
    });
  }
  if (kind !== "Conv2D" && kind !== "Dense") return { ...layerExtras(value), class_name: kind, config };
  if (config["use_bias"] === false) {
    return {
      ...layerExtras(value),
      class_name: kind,
      config: { ...config, kernel_initializer: initialiser(`${name}/kernel`) },
    };
  }
  const initialisers = {
    kernel_initializer: initialiser(`${name}/kernel`),
    bias_initializer: initialiser(`${name}/bias`),
  };
  return { ...layerExtras(value), class_name: kind, config: { ...config, ...initialisers } };
}

/** What a functional model's layer carries besides its configuration: its name and inbound nodes. */
function layerExtras(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
