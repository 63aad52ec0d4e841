import { readFile } from "node:fs/promises";
import { InputError } from "@concordat/protocol/errors";
import { builtInTopology } from "../models/models.ts";
import type { Topology } from "../models/models.ts";
import { MODEL_HINT, parseTopology } from "../models/topologyFile.ts";

/** Files that people keep models in, by their endings. */
const OTHER_FORMATS = [
  { ending: ".keras", what: "an archive of Keras 3" },
  { ending: ".h5", what: "Keras' HDF5" },
  { ending: ".hdf5", what: "Keras' HDF5" },
  { ending: ".pb", what: "a graph of TensorFlow" },
  { ending: ".tflite", what: "a model of TensorFlow Lite" },
  { ending: ".onnx", what: "an ONNX model" },
  { ending: ".pt", what: "PyTorch's" },
  { ending: ".pth", what: "PyTorch's" },
  { ending: ".safetensors", what: "weights without a topology" },
] as const;

/**
 * The topology that `--model` names: a built-in model, or a file that `parseTopology` reads.
 * @throws {InputError} when the file is missing or holds no model.
 */
export async function readModel(
  model: string,
  inputShape: readonly number[],
  classes: number,
): Promise<Topology> {
  const other = OTHER_FORMATS.find(({ ending }) => model.toLowerCase().endsWith(ending));
  if (other !== undefined) {
    throw new InputError(
      `The model file ${model} is ${other.what}; nodes read a topology as Keras 2's JSON`,
      {
        hint: "Write model.to_json() of tf_keras (Keras 2) or model.toJSON(null, false) of TensorFlow.js into a .json file",
      },
    );
  }
  if (!model.endsWith(".json")) return builtInTopology(model, inputShape, classes);
  let text: string;
  try {
    text = await readFile(model, "utf8");
  } catch (cause) {
    throw new InputError(`The model file ${model} cannot be read`, { hint: MODEL_HINT, cause });
  }
  return parseTopology(text, model);
}
