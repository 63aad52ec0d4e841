import { readFile } from "node:fs/promises";
import { InputError } from "../../../protocol/errors.ts";
import { builtInTopology } from "./models.ts";
import type { Topology } from "./models.ts";
import { MODEL_HINT, parseTopology } from "./topologyFile.ts";

/**
 * The topology that `--model` names: a built-in model, or a file that `parseTopology` reads.
 * @throws {InputError} when the file is missing or holds no model.
 */
export async function readModel(
  model: string,
  inputShape: readonly number[],
  classes: number,
): Promise<Topology> {
  if (!model.endsWith(".json")) return builtInTopology(model, inputShape, classes);
  let text: string;
  try {
    text = await readFile(model, "utf8");
  } catch (cause) {
    throw new InputError(`The model file ${model} cannot be read`, { hint: MODEL_HINT, cause });
  }
  return parseTopology(text, model);
}
