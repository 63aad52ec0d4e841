import * as tf from "@tensorflow/tfjs-core";
import { buildLayers, checkEnds } from "@concordat/learning/models/modelLayers";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { openWasm } from "./openWasm.ts";

/** The manifest's outputs for one record: a probability for each class, or the number itself in a regression. */
export async function predict(
  { model, dataset }: TaskManifest,
  weights: ModelTensors,
  record: Float32Array,
): Promise<readonly number[]> {
  await openWasm();
  const { inputShape, classes } = dataset;
  const layers = await buildLayers(model.topology, model.tensors);
  try {
    checkEnds(layers, inputShape, classes);
    const tensors = weights.map(({ shape, data }) => tf.tensor(data, [...shape]));
    layers.setWeights(tensors);
    tf.dispose(tensors);
    const output = tf.tidy(() => {
      const logits = layers.predict(tf.tensor(record, [1, ...inputShape])) as tf.Tensor;
      return classes === 1 ? logits : tf.softmax(logits);
    });
    const values = await output.data();
    output.dispose();
    return [...values];
  } finally {
    layers.dispose();
  }
}
