import * as tf from "@tensorflow/tfjs-core";

/** Mean squared error of outputs [B, 1] against targets [B, 1]: L = mean_i (z_i - y_i)^2. */
export function meanSquaredError(outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return tf.mean(tf.square(tf.sub(outputs, targets)));
}
