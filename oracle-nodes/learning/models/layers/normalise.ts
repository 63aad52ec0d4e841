import * as tf from "@tensorflow/tfjs-core";

/**
 * What normalisation over some axes gives: xhat = (x - mean) / sqrt(variance + epsilon), with the variance of the
 * population. Its gradient is (dy - mean(dy) - xhat mean(dy xhat)) / sqrt(variance + epsilon), means over the same axes.
 *
 * @param axes The axes of x over which mean and variance are taken.
 * @param onStatistics Receives mean and variance, of x's shape with 1 in each of the axes, before they are disposed of.
 */
export function normalise<T extends tf.Tensor>(
  x: T,
  axes: number[],
  epsilon: number,
  onStatistics?: (mean: tf.Tensor, variance: tf.Tensor) => void,
): T {
  const normalised = tf.customGrad((...inputs) => {
    const [values, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const mean = tf.mean(values, axes, true);
    const centred = tf.sub(values, mean);
    const variance = tf.mean(tf.square(centred), axes, true);
    onStatistics?.(mean, variance);
    const scale = tf.rsqrt(tf.add(variance, epsilon));
    const value = tf.mul(centred, scale);
    save([value, scale]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [xhat = dy, by = dy] = saved;
        const along = tf.mul(xhat, tf.mean(tf.mul(dy, xhat), axes, true));
        return tf.mul(tf.sub(tf.sub(dy, tf.mean(dy, axes, true)), along), by);
      },
    };
  });
  return normalised(x) as T;
}
