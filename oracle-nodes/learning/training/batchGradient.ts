import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { crossEntropy } from "./crossEntropy.ts";
import { meanSquaredError } from "./meanSquaredError.ts";
import type { Batch } from "../data/samples.ts";

/** A batch on the current backend. */
export interface BatchTensors {
  /** [B, ...shape of a record], normalised. */
  readonly inputs: tf.Tensor;
  /** [B, classes] one-hot, or [B, 1] numbers to predict. */
  readonly answers: tf.Tensor2D;
}

/** What a step moves by. */
export interface BatchGradient {
  /** Mean loss of the batch before the step. */
  readonly loss: tf.Scalar;
  /** By the name of the variable; of its shape. */
  readonly gradients: tf.NamedTensorMap;
}

/** How a step gets its gradient: {@link meanGradient}, or one that clips and adds noise. Called within `tf.tidy`. */
export type GradientRule = (
  layers: tfl.LayersModel,
  batch: BatchTensors,
  variables: readonly tf.Variable[],
) => BatchGradient;

/** The gradient of the batch's mean loss. */
export const meanGradient: GradientRule = (layers, { inputs, answers }, variables) => {
  const { value, grads } = tf.variableGrads(
    () => meanLoss(layers.apply(inputs, { training: true }) as tf.Tensor2D, answers),
    [...variables],
  );
  return { loss: value, gradients: grads };
};

/** The loss of a task: squared error where there is one output, a regression; softmax cross entropy elsewhere. */
export function meanLoss(outputs: tf.Tensor2D, answers: tf.Tensor2D): tf.Scalar {
  return outputs.shape[1] === 1 ? meanSquaredError(outputs, answers) : crossEntropy(outputs, answers);
}

/** Puts a batch on the current backend. */
export function batchTensors(
  { inputs, labels, targets, size }: Batch,
  inputShape: readonly number[],
  classes: number,
): BatchTensors {
  const answers = classes === 1 ? (targets ?? new Float32Array(size)) : oneHot(labels, classes);
  return { inputs: tf.tensor(inputs, [size, ...inputShape]), answers: tf.tensor2d(answers, [size, classes]) };
}

/** Labels as rows with a single 1, [labels.length, classes] row-major. */
function oneHot(labels: readonly number[], classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => (rows[row * classes + label] = 1));
  return rows;
}
