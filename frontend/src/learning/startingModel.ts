import { initialWeights } from "../../../oracle-nodes/src/learning/initialWeights.ts";
import { buildLayers, checkEnds, tensorSpecs } from "../../../oracle-nodes/src/learning/modelLayers.ts";
import type { Topology } from "../../../oracle-nodes/src/learning/models.ts";
import type { StartingModel } from "../../../oracle-nodes/src/learning/taskFiles.ts";
import type { DatasetTerms } from "../../../protocol/datasetTerms.ts";
import { ArtifactError } from "../../../protocol/errors.ts";
import { MANIFEST_LIMITS } from "../../../protocol/manifest.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import { elementCount } from "../../../protocol/tensors.ts";
import { openWasm } from "./openWasm.ts";

type Ends = Pick<DatasetTerms, "inputShape" | "classes">;

/**
 * Describes a topology for a manifest.
 * @throws {ArtifactError} when nodes may not run it, it does not fit the data, or it has too many weights.
 */
export async function describeModel(
  topology: Topology,
  { inputShape, classes }: Ends,
): Promise<TaskManifest["model"]> {
  await openWasm();
  const layers = await buildLayers(topology);
  try {
    checkEnds(layers, inputShape, classes);
    const tensors = tensorSpecs(layers).map(({ name, shape }) => ({ name, shape: [...shape] }));
    checkSize(tensors);
    return { topology, tensors };
  } finally {
    layers.dispose();
  }
}

/** A model with the initial weights that this seed gives on every engine. @throws {ArtifactError} as {@link describeModel}. */
export async function startingModel(topology: Topology, ends: Ends, seed: number): Promise<StartingModel> {
  const model = await describeModel(topology, ends);
  return { model, weights: initialWeights(model.tensors, seed) };
}

function checkSize(tensors: TaskManifest["model"]["tensors"]): void {
  const { maxParameters } = MANIFEST_LIMITS;
  const parameters = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (parameters <= maxParameters) return;
  throw new ArtifactError(`The model has ${parameters} weights, at most ${maxParameters} are allowed`, {
    hint: "Make its layers smaller",
  });
}
