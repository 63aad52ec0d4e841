import type { TensorSpec } from "../../../protocol/tensors.ts";
import { createEngine } from "./engine.ts";
import type { Topology } from "./models.ts";

/** The `model` of a manifest: a topology with the names and shapes of its tensors, in artifact order. */
export interface ManifestModel {
  readonly topology: Topology;
  readonly tensors: TensorSpec[];
}

/**
 * Describes a topology for a manifest.
 * @throws {ArtifactError} when it is unsupported or does not fit the images or the classes.
 */
export async function manifestModel(
  topology: Topology,
  inputShape: readonly number[],
  classes: number,
): Promise<ManifestModel> {
  const engine = await createEngine("auto");
  const model = await engine.load({ topology }, inputShape, classes);
  const tensors = model.specs.map(({ name, shape }) => ({ name, shape: [...shape] }));
  model.dispose();
  return { topology, tensors };
}
