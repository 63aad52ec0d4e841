import { initialWeights } from "@concordat/learning/models/initialWeights";
import { buildLayers, checkEnds, tensorSpecs } from "@concordat/learning/models/modelLayers";
import type { Topology } from "@concordat/learning/models/models";
import type { StartingModel } from "@concordat/learning/tasks/taskFiles";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { ArtifactError } from "@concordat/protocol/errors";
import { MANIFEST_LIMITS } from "@concordat/protocol/manifest/manifest";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { elementCount } from "@concordat/protocol/artifacts/tensors";
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
