import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import {
  activationOf,
  type ExampleGradients,
  type ExampleLayer,
  ghostNorms,
  heldGradients,
  isGhostCheaper,
  overPlaces,
  scaled,
} from "./perExample.ts";

/** A Dense layer: z = x W + b along the last axis. */
export function denseExamples(layer: tfl.layers.Layer): ExampleLayer {
  const [kernel, bias] = layer.weights.map((weight) => weight.read() as tf.Variable);
  if (kernel === undefined) throw new Error(`${layer.name} has no kernel`);
  const [inputs = 0, outputs = 0] = kernel.shape;
  return {
    preActivation: (x) => {
      const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
      const z = tf.reshape(tf.matMul(rows, kernel as tf.Tensor2D), [...x.shape.slice(0, -1), outputs]);
      return bias === undefined ? z : tf.add(z, bias);
    },
    activate: activationOf(layer.getConfig()),
    gradients: (x, dz) => [
      kernelGradients(kernel, x, dz),
      ...(bias === undefined ? [] : [heldGradients(bias, overPlaces(dz))]),
    ],
  };
}

function kernelGradients(kernel: tf.Variable, x: tf.Tensor, dz: tf.Tensor): ExampleGradients {
  const [batch = 0, inputs = 0, outputs = 0] = [x.shape[0], ...kernel.shape];
  const places = tf.reshape(x, [batch, -1, inputs]) as tf.Tensor3D;
  const gradients = tf.reshape(dz, [batch, -1, outputs]) as tf.Tensor3D;
  if (!isGhostCheaper(places.shape[1], inputs, outputs)) {
    return heldGradients(kernel, tf.matMul(places, gradients, true, false));
  }
  return {
    variable: kernel,
    squaredNorms: () => ghostNorms(places, gradients),
    weightedSum: (factors) => {
      const rows = tf.reshape(scaled(gradients, factors), [-1, outputs]) as tf.Tensor2D;
      return tf.matMul(tf.reshape(x, [-1, inputs]) as tf.Tensor2D, rows, true, false);
    },
  };
}
