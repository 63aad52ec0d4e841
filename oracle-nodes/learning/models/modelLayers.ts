import * as tfl from "@tensorflow/tfjs-layers";
import { ArtifactError, ConcordatError } from "@concordat/protocol/errors";
import type { TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { CheckedZeros } from "./layers/checkedZeros.ts";
import type { Topology } from "./models.ts";
import { checkTopology } from "./topology.ts";

/**
 * Builds the layers of a checked topology on the current backend, all weights 0.
 * @param tensors What the weights must be, when a manifest says so.
 * @throws {ArtifactError} when the topology is unsupported, inconsistent or has other tensors. A tensor is checked
 * before it takes memory.
 */
export async function buildLayers(
  topology: Topology,
  tensors?: readonly TensorSpec[],
): Promise<tfl.LayersModel> {
  const checked = checkTopology(topology, (name) => {
    const expected = tensors?.find((tensor) => tensor.name === name)?.shape;
    if (tensors !== undefined && expected === undefined) {
      throw new ArtifactError(`The topology has a tensor ${name}, but the manifest does not`);
    }
    return { class_name: CheckedZeros.className, config: { name, ...(expected && { expected }) } };
  });
  let layers: tfl.LayersModel;
  try {
    layers = await tfl.models.modelFromJSON(checked as Parameters<typeof tfl.models.modelFromJSON>[0]);
  } catch (cause) {
    if (cause instanceof ConcordatError) throw cause;
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ArtifactError(`The topology cannot be built: ${reason}`, { cause });
  }
  try {
    if (tensors !== undefined) checkTensors(tensorSpecs(layers), tensors);
  } catch (error) {
    layers.dispose();
    throw error;
  }
  return layers;
}

/** Name and shape of all weights, in manifest order. */
export function tensorSpecs(layers: tfl.LayersModel): TensorSpec[] {
  return layers.weights.map(({ originalName, shape }) => ({
    name: originalName,
    shape: shape.map((size) => size ?? 0),
  }));
}

/** Checks that a model takes the images and gives one logit a class. @throws {ArtifactError} otherwise. */
export function checkEnds(layers: tfl.LayersModel, inputShape: readonly number[], classes: number): void {
  const [input, output] = [layers.inputs[0]?.shape.slice(1), layers.outputs[0]?.shape.slice(1)];
  if (layers.inputs.length !== 1 || input?.join() !== inputShape.join()) {
    throw new ArtifactError(
      `The model takes inputs of [${input?.join(", ")}], but the data has [${inputShape.join(", ")}]`,
    );
  }
  if (layers.outputs.length !== 1 || output?.join() !== String(classes)) {
    throw new ArtifactError(`The model gives [${output?.join(", ")}], but the data has ${classes} classes`);
  }
  const last = layers.outputs[0]?.sourceLayer;
  const activation = last?.getConfig()["activation"] ?? "linear";
  if (last?.getClassName() === "ReLU" || activation !== "linear") {
    throw new ArtifactError(`The last layer, ${last?.name}, does not give logits`, {
      hint: "Give it a linear activation; the loss has the softmax",
    });
  }
}

/** Checks that tensors have the names and shapes of a model, in its order. @throws {ArtifactError} naming the first. */
export function checkTensors(found: readonly TensorSpec[], expected: readonly TensorSpec[]): void {
  if (found.length !== expected.length) {
    throw new ArtifactError(`There are ${found.length} tensors, but the model has ${expected.length}`);
  }
  expected.forEach((spec, i) => {
    const other = found[i];
    if (other?.name !== spec.name || other.shape.join() !== spec.shape.join()) {
      throw new ArtifactError(`Tensor ${i} is ${describe(other)}, but the model has ${describe(spec)}`);
    }
  });
}

function describe(spec: TensorSpec | undefined): string {
  return spec === undefined ? "missing" : `${spec.name} [${spec.shape.join(", ")}]`;
}
