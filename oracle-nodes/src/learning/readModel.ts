import { readFile } from "node:fs/promises";
import { InputError } from "../../../protocol/errors.ts";
import { MODEL_NAMES, builtInTopology } from "./models.ts";
import type { Topology } from "./models.ts";

/**
 * The topology that `--model` names: a built-in model, or a file with Keras JSON as TensorFlow.js writes it, which may
 * hold the topology alone or a saved model around it (`modelTopology`).
 * @throws {InputError} when the file is missing or is not JSON.
 */
export async function readModel(
  model: string,
  inputShape: readonly number[],
  classes: number,
): Promise<Topology> {
  if (!model.endsWith(".json")) return builtInTopology(model, inputShape, classes);
  const hint = `Give a file with a model's topology, or one of ${MODEL_NAMES.join(", ")}`;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(model, "utf8"));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new InputError(`The model file ${model} ${why}`, { hint, cause });
  }
  if (!isRecord(value)) throw new InputError(`The model file ${model} does not hold a model`, { hint });
  const { modelTopology } = value;
  const topology = isRecord(modelTopology) ? modelTopology : value;
  const { model_config: config } = topology;
  return isRecord(config) ? config : topology;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
