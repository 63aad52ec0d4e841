import * as tf from "@tensorflow/tfjs-core";

/**
 * Mean softmax cross entropy of logits [B, C] with one-hot labels [B, C], computed from logits so that no
 * probability is rounded to 0 before its logarithm: L = mean_i (log sum_c exp(z_ic) - z_i,y(i)).
 * Its gradient is (softmax(z) - y) / B.
 */
export function crossEntropy(logits: tf.Tensor2D, oneHot: tf.Tensor2D): tf.Scalar {
  const loss = tf.customGrad((...inputs) => {
    const [z, y, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const shifted = tf.sub(z, tf.max(z, 1, true));
    const exp = tf.exp(shifted);
    const total = tf.sum(exp, 1, true);
    const gradient = tf.div(tf.sub(tf.div(exp, total), y), z.shape[0]);
    save([gradient]);
    const value = tf.mean(tf.sub(tf.log(total), tf.sum(tf.mul(shifted, y), 1, true)));
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [tf.mul(saved[0] ?? dy, dy), tf.zerosLike(y)],
    };
  });
  return loss(logits, oneHot) as tf.Scalar;
}
