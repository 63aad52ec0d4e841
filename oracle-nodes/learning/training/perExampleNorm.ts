import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type ExampleLayer, heldGradients, overPlaces } from "./perExample.ts";

/** A layer that normalises each example by itself: y = gamma xhat + beta, one of each a channel. */
export function normExamples(layer: tfl.layers.Layer, normalised: (x: tf.Tensor) => tf.Tensor): ExampleLayer {
  const find = (name: string) =>
    layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`))?.read() as
      tf.Variable | undefined;
  const [gamma, beta] = [find("gamma"), find("beta")];
  return {
    preActivation: (x) => {
      const xhat = normalised(x);
      const product = gamma === undefined ? xhat : tf.mul(xhat, gamma);
      return beta === undefined ? product : tf.add(product, beta);
    },
    activate: (y) => y,
    gradients: (x, dy) => [
      ...(gamma === undefined ? [] : [heldGradients(gamma, overPlaces(tf.mul(dy, normalised(x))))]),
      ...(beta === undefined ? [] : [heldGradients(beta, overPlaces(dy))]),
    ],
  };
}
