import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { createEngine } from "../engines/createEngine.ts";
import type { Topology } from "./models.ts";

/**
 * Describes a topology for a manifest.
 * @throws {ArtifactError} when it is unsupported or does not fit the images or the classes.
 */
export async function manifestModel(
  topology: Topology,
  inputShape: readonly number[],
  classes: number,
): Promise<TaskManifest["model"]> {
  const engine = await createEngine("auto");
  const model = await engine.load({ topology }, inputShape, classes);
  const tensors = model.specs.map(({ name, shape }) => ({ name, shape: [...shape] }));
  model.dispose();
  return { topology, tensors };
}
