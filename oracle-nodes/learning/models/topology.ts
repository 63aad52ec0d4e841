import { z } from "zod";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Topology } from "./models.ts";
import { keras3Mark } from "./topology/keras3.ts";
import { COMMON_SETTINGS, LAYER_KINDS, type LayerKind } from "./topology/layerKinds.ts";

const MODELS: ReadonlySet<string> = new Set(["Sequential", "Model", "Functional"]);
/** What a model's own configuration may hold, as Keras 2 and TensorFlow.js write it. */
const MODEL_SETTINGS: ReadonlySet<string> = new Set([
  "name",
  "layers",
  "input_layers",
  "output_layers",
  "trainable",
  "build_input_shape",
]);
/** What a layer may hold beside its configuration; the last three are notes of Keras that nobody reads. */
const LAYER_FIELDS: ReadonlySet<string> = new Set([
  "class_name",
  "config",
  "name",
  "inbound_nodes",
  "module",
  "registered_name",
  "build_config",
]);

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
 * Checks that a topology uses only what an engine may run: known layers, each setting of them either run as Keras runs it or at
 * the value that changes nothing, each layer applied once and to earlier ones. Everything else is refused by name instead of being
 * run differently from what was meant.
 *
 * @returns The topology with initialisers replaced by `initialiser(tensor name)`: initial weights come from the
 * task's seed or artifact, never from the library.
 * @throws {ArtifactError} naming the first layer or setting that is not allowed.
 */
export function checkTopology(topology: Topology, initialiser: (tensor: string) => object): Topology {
  checkVersion(topology);
  const model = modelSchema.safeParse(topology);
  if (!model.success || !MODELS.has(model.data.class_name)) {
    throw new ArtifactError("The topology is not a Keras model", {
      hint: "Give model.toJSON(null, false) of a Sequential or functional model",
    });
  }
  const { class_name, config } = model.data;
  checkModel(config);
  const earlier = new Set<string>();
  const layers = (Array.isArray(config) ? config : config.layers).map((value) => {
    const layer = layerSchema.safeParse(value);
    if (!layer.success) {
      const where = layer.error.issues[0]?.path.join(".") ?? "";
      throw new ArtifactError(`A layer of the topology has no usable ${where || "form"}`, {
        hint: "Give each layer class_name and config, and apply it once",
      });
    }
    const kind = kindOf(layer.data);
    const name = nameOf(layer.data, class_name !== "Sequential", earlier);
    checkSettings(layer.data, kind, name);
    checkSources(layer.data, name, earlier);
    earlier.add(name);
    return withInitialisers(layer.data, kind, name, initialiser);
  });
  return { ...topology, config: Array.isArray(config) ? layers : { ...config, layers } };
}

/** Names of the layers of a checked topology that stand still in training. */
export function standingLayers(topology: Topology): readonly string[] {
  const model = modelSchema.safeParse(topology);
  if (!model.success) return [];
  const { config } = model.data;
  return (Array.isArray(config) ? config : config.layers).flatMap((value) => {
    const layer = layerSchema.safeParse(value);
    return layer.success && layer.data.config["trainable"] === false
      ? [String(layer.data.config["name"])]
      : [];
  });
}

/** Keras 3 writes other JSON, of which parts would be read as something else. @throws {ArtifactError} when it is that. */
export function checkVersion(topology: unknown): void {
  const mark = keras3Mark(topology);
  if (mark === undefined) return;
  throw new ArtifactError(`The model is in Keras 3's format (${mark}); nodes read Keras 2's`, {
    hint: "Write it with tf_keras (TF_USE_LEGACY_KERAS=1, model.to_json()) or with TensorFlow.js (model.toJSON(null, false))",
  });
}

function checkModel(config: z.infer<typeof modelSchema>["config"]): void {
  if (Array.isArray(config)) return;
  const unknown = Object.keys(config).find((key) => !MODEL_SETTINGS.has(key));
  if (unknown !== undefined) {
    throw new ArtifactError(`The model has a setting ${unknown.slice(0, 40)}, which is not known`, {
      hint: `Leave it out; known settings are ${[...MODEL_SETTINGS].join(", ")}`,
    });
  }
  if (![undefined, true].includes(config["trainable"] as boolean | undefined)) {
    throw new ArtifactError("The model has trainable set to false", {
      hint: "Set it on the layers that should not change instead",
    });
  }
}

function kindOf({ class_name, config }: Layer): LayerKind {
  const kind = Object.hasOwn(LAYER_KINDS, class_name) ? LAYER_KINDS[class_name] : undefined;
  if (kind !== undefined) return kind;
  const name = typeof config["name"] === "string" ? config["name"] : class_name;
  throw new ArtifactError(`The topology uses the layer ${class_name} (${name}), which is not supported`, {
    hint: `Use only ${Object.keys(LAYER_KINDS).join(", ")}`,
  });
}

/** The name that a layer has everywhere: the library would invent another one each time, and weights go by it. */
function nameOf(layer: Layer, isFunctional: boolean, earlier: ReadonlySet<string>): string {
  const { class_name, config } = layer;
  const { name } = config;
  if (typeof name !== "string" || name === "") {
    throw new ArtifactError(`A layer ${class_name} has no name`, { hint: "Give each layer's config a name" });
  }
  const outer = layer["name"];
  if (outer === undefined ? isFunctional : outer !== name) {
    throw new ArtifactError(`The layer ${name} is called ${String(outer)} outside of its config`, {
      hint: "Give it the same name in both places",
    });
  }
  if (earlier.has(name)) {
    throw new ArtifactError(`Two layers have the name ${name}`, { hint: "Rename one of them" });
  }
  return name;
}

function checkSettings(layer: Layer, { settings, needs = [] }: LayerKind, name: string): void {
  const { class_name, config } = layer;
  const field = Object.keys(layer).find((key) => !LAYER_FIELDS.has(key));
  if (field !== undefined) {
    throw new ArtifactError(`The layer ${name} has a field ${field.slice(0, 40)}, which is not known`, {
      hint: `Leave it out; known fields are ${[...LAYER_FIELDS].join(", ")}`,
    });
  }
  for (const [key, value] of Object.entries(config)) {
    const rules = Object.hasOwn(settings, key) ? settings : COMMON_SETTINGS;
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) {
      const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const isSpelling = Object.hasOwn({ ...COMMON_SETTINGS, ...settings }, snake);
      throw new ArtifactError(
        `The layer ${name} has the setting ${key.slice(0, 40)}, which ${class_name} does not know here`,
        { hint: isSpelling ? `Write it ${snake}` : "Leave it out" },
      );
    }
    if (!rule.holds(value)) {
      throw new ArtifactError(`The layer ${name} has the ${key} ${inWords(value)}`, {
        hint: `In ${class_name} use ${rule.means}`,
      });
    }
  }
  const missing = needs.find((key) => config[key] === undefined);
  if (missing !== undefined) {
    throw new ArtifactError(`The layer ${name} has no ${missing}`, {
      hint: `In ${class_name} use ${settings[missing]?.means ?? "it"}`,
    });
  }
  if (skipsInput(config)) {
    throw new ArtifactError(`The layer ${name} has strides greater than its kernel_size`, {
      hint: "Use strides of at most the kernel's size, or padding valid",
    });
  }
}

function inWords(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 60) : (JSON.stringify(value) ?? "").slice(0, 60);
}

function checkSources(
  { class_name, inbound_nodes = [] }: Layer,
  name: string,
  earlier: ReadonlySet<string>,
): void {
  const sources = inbound_nodes.flat();
  const unknown = sources.find(([source]) => !earlier.has(source));
  if (unknown !== undefined) {
    throw new ArtifactError(`The layer ${name} is applied to ${unknown[0]}, which does not come before it`, {
      hint: "List the layers from the input to the output",
    });
  }
  // Such as training: true, which would keep dropout on.
  const called = sources.flatMap(([, , , ...given]) => given).find((given) => !isEmpty(given));
  if (called !== undefined) {
    throw new ArtifactError(`The layer ${name} is applied with the arguments ${inWords(called)}`, {
      hint: `Apply ${class_name} without arguments`,
    });
  }
}

function isEmpty(given: unknown): boolean {
  return given === null || (typeof given === "object" && Object.keys(given).length === 0);
}

/** Whether a convolution with padding leaves out part of its input: one engine computes that wrongly. */
function skipsInput({ kernel_size, strides, padding }: Layer["config"]): boolean {
  const [sizes, steps] = [[kernel_size].flat().map(Number), [strides ?? 1].flat().map(Number)];
  return padding === "same" && sizes.some((size, axis) => size > 1 && (steps[axis] ?? steps[0] ?? 1) > size);
}

/** The layer as it is run: our own class where there is one, and weights that are not drawn by the library. */
function withInitialisers(
  layer: Layer,
  { weights = [], runsAs = layer.class_name }: LayerKind,
  name: string,
  initialiser: (tensor: string) => object,
): Layer {
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
