import { InputError } from "@concordat/protocol/errors";
import { MODEL_NAMES } from "./models.ts";
import type { Topology } from "./models.ts";
import { checkVersion } from "./topology.ts";

/** What a publisher can do whose file holds no model. */
export const MODEL_HINT = `Give a file with a model's topology, or one of ${MODEL_NAMES.join(", ")}`;

/**
 * The topology in a file of Keras JSON as TensorFlow.js writes it, which may hold the topology alone or a saved model around
 * it (`modelTopology`). Whether nodes may run it, `checkTopology` tells.
 * @throws {InputError} when the text is not JSON or holds no model; {ArtifactError} when it is Keras 3's.
 */
export function parseTopology(text: string, name: string): Topology {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`The model file ${name} is not JSON`, { hint: MODEL_HINT, cause });
  }
  if (!isRecord(value)) {
    throw new InputError(`The model file ${name} does not hold a model`, { hint: MODEL_HINT });
  }
  const { modelTopology } = value;
  const topology = isRecord(modelTopology) ? modelTopology : value;
  // Only here stands the version of a model that lies within a file of weights.
  checkVersion(topology);
  const { model_config: config } = topology;
  return isRecord(config) ? config : topology;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
