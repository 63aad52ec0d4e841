import * as tf from "@tensorflow/tfjs-core";

/** Backends whose kernel divides by the whole window even where part of it lies outside the input. */
const DIVIDES_BY_WINDOW: ReadonlySet<string> = new Set(["cpu", "wasm", "webgpu"]);

let isCorrected = false;

/**
 * Corrects TensorFlow.js' gradient of average pooling with padding: forward, an output is the mean over the part of its
 * window that lies inside the input, so its gradient is to be divided by the size of that part. Does so once a process.
 */
export function correctAveragePoolGradient(): void {
  if (isCorrected) return;
  isCorrected = true;
  const original = tf.getGradient(tf.AvgPool);
  if (original === undefined) throw new Error("TensorFlow.js has no gradient of average pooling");
  tf.unregisterGradient(tf.AvgPool);
  tf.registerGradient({
    ...original,
    gradFunc: (dy, saved, attrs) => {
      const scaled = DIVIDES_BY_WINDOW.has(tf.getBackend())
        ? tf.mul(dy as tf.Tensor, shares(saved, attrs))
        : dy;
      return original.gradFunc(scaled, saved, attrs);
    },
  });
}

/** For each output position, [1, H_out, W_out, 1]: size of the window over size of its part inside the input. */
function shares(saved: readonly tf.Tensor[], attrs: tf.NamedAttrMap): tf.Tensor {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.AvgPoolAttrs;
  const shape = saved[0]?.shape as [number, number, number, number];
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const rows = insideCounts(
    info.outHeight,
    info.strideHeight,
    info.padInfo.top,
    info.filterHeight,
    info.inHeight,
  );
  const columns = insideCounts(
    info.outWidth,
    info.strideWidth,
    info.padInfo.left,
    info.filterWidth,
    info.inWidth,
  );
  const area = info.filterHeight * info.filterWidth;
  const values = rows.flatMap((row) => columns.map((column) => area / (row * column)));
  return tf.tensor(values, [1, rows.length, columns.length, 1]);
}

/** Along one axis, for each output: how many positions of its window lie inside the input. */
function insideCounts(
  outputs: number,
  stride: number,
  before: number,
  window: number,
  size: number,
): number[] {
  return Array.from({ length: outputs }, (_, i) => {
    const first = i * stride - before;
    return Math.min(size, first + window) - Math.max(0, first);
  });
}
