import * as tf from "@tensorflow/tfjs-core";

/** One weight's gradients of all examples of a batch, which are never all held where that is too much. */
export interface ExampleGradients {
  readonly variable: tf.Variable;
  /** [B]: the squared L2 norm of each example's gradient. */
  squaredNorms(): tf.Tensor1D;
  /** The sum over the examples of factor times gradient, of the weight's shape. @param factors [B]. */
  weightedSum(factors: tf.Tensor1D): tf.Tensor;
}

/** How a layer with weights runs where its examples' gradients are wanted one by one. */
export interface ExampleLayer {
  /** What is activated, of the layer's output shape. */
  preActivation(x: tf.Tensor): tf.Tensor;
  activate(z: tf.Tensor): tf.Tensor;
  /** @param x The layer's input. @param dz The gradient of the examples' summed loss by what is activated. */
  gradients(x: tf.Tensor, dz: tf.Tensor): readonly ExampleGradients[];
}

/**
 * How much more an example's gradient costs a multiplication than a Gram matrix does, since its kernel is narrow, less the
 * summed gradient that then comes for free. Measured with 5 x 5 filters on `wasm`.
 */
const DIRECT_COST = 0.75;

/**
 * Whether norms come cheaper from the Gram matrices of inputs and gradients (Goodfellow 2015; Lee and Kifer 2021, "ghost
 * norms") than from the gradients themselves, for a matrix of [inputs, outputs] that is applied at `places`.
 */
export function isGhostCheaper(places: number, inputs: number, outputs: number): boolean {
  return places * (inputs + outputs) < DIRECT_COST * inputs * outputs;
}

/** ||x_n^T dz_n||^2 = <x_n x_n^T, dz_n dz_n^T> for x [B, places, inputs] and dz [B, places, outputs]. */
export function ghostNorms(x: tf.Tensor3D, dz: tf.Tensor3D): tf.Tensor1D {
  if (x.shape[1] === 1) return tf.mul(tf.sum(tf.square(x), [1, 2]), tf.sum(tf.square(dz), [1, 2]));
  const [inputs, outputs] = [tf.matMul(x, x, false, true), tf.matMul(dz, dz, false, true)];
  return tf.sum(tf.mul(inputs, outputs), [1, 2]);
}

/** Gradients that are at hand, [B, ...shape of the weight]. */
export function heldGradients(variable: tf.Variable, gradients: tf.Tensor): ExampleGradients {
  const rows = tf.reshape(gradients, [gradients.shape[0] ?? 0, -1]) as tf.Tensor2D;
  return {
    variable,
    squaredNorms: () => tf.sum(tf.square(rows), 1),
    weightedSum: (factors) =>
      tf.reshape(tf.matMul(tf.reshape(factors, [1, -1]) as tf.Tensor2D, rows), variable.shape),
  };
}

/** dz with each example's values times its factor. */
export function scaled(dz: tf.Tensor, factors: tf.Tensor1D): tf.Tensor {
  return tf.mul(dz, tf.reshape(factors, [-1, ...dz.shape.slice(1).map(() => 1)]));
}

/** The sum over all places, [B, channels], of dz [B, ..., channels]. */
export function overPlaces(dz: tf.Tensor): tf.Tensor {
  return dz.rank === 2 ? dz : tf.sum(tf.reshape(dz, [dz.shape[0] ?? 0, -1, dz.shape.at(-1) ?? 0]), 1);
}

const ACTIVATIONS: Readonly<Record<string, (z: tf.Tensor) => tf.Tensor>> = {
  linear: (z) => z,
  relu: (z) => tf.relu(z),
  tanh: (z) => tf.tanh(z),
  sigmoid: (z) => tf.sigmoid(z),
};

/** The activation of a layer's configuration. */
export function activationOf(config: tf.serialization.ConfigDict): (z: tf.Tensor) => tf.Tensor {
  const name = String(config["activation"] ?? "linear");
  const activation = ACTIVATIONS[name];
  if (activation === undefined) throw new Error(`There is no activation ${name}`);
  return activation;
}
