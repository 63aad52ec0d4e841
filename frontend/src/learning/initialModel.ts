import { initialWeights } from "../../../oracle-nodes/src/learning/initialWeights.ts";
import { buildLayers, checkEnds, tensorSpecs } from "../../../oracle-nodes/src/learning/modelLayers.ts";
import { builtInTopology } from "../../../oracle-nodes/src/learning/models.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import type { ModelTensors } from "../../../protocol/tensors.ts";
import { openWasm } from "./openWasm.ts";

/**
 * A built-in model for a manifest, with the initial weights that this seed gives on every engine.
 * @throws {InputError} when the model cannot take such inputs.
 */
export async function initialModel(
  name: string,
  inputShape: readonly number[],
  classes: number,
  seed: number,
): Promise<{ readonly model: TaskManifest["model"]; readonly weights: ModelTensors }> {
  await openWasm();
  const topology = builtInTopology(name, inputShape, classes);
  const layers = await buildLayers(topology);
  try {
    checkEnds(layers, inputShape, classes);
    const tensors = tensorSpecs(layers).map((spec) => ({ name: spec.name, shape: [...spec.shape] }));
    return { model: { topology, tensors }, weights: initialWeights(tensors, seed) };
  } finally {
    layers.dispose();
  }
}
