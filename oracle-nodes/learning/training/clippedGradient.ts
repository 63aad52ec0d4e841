import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type BatchTensors, meanLoss } from "./batchGradient.ts";
import { exampleLayers, forward } from "../models/exampleLayers.ts";

/** A sum over the records of a batch. */
export interface ClippedSum {
  /** Of the records' losses. */
  readonly loss: tf.Scalar;
  /** Of their gradients, each clipped: g min(1, C / ||g||), the norm being over all weights together. In order of the variables. */
  readonly gradients: readonly tf.Tensor[];
}

/**
 * The sum of the records' clipped gradients, from one backward pass: the gradients by what each layer with weights
 * activates give the norms, and, scaled by what clipping leaves of them, the sum.
 *
 * @param rows How many records at the front of the batch count: the rows after them are padding, which adds nothing.
 */
export function clippedSum(
  layers: tfl.LayersModel,
  { inputs, answers }: BatchTensors,
  rows: number,
  variables: readonly tf.Variable[],
  clip: number,
): ClippedSum {
  if (rows === 0)
    return { loss: tf.scalar(0), gradients: variables.map((variable) => tf.zerosLike(variable)) };
  const rules = exampleLayers(layers);
  const batch = inputs.shape[0] ?? 0;
  /** Zeros added before each activation, by which the loss is derived. */
  const zeros = [...rules.keys()].map((layer) =>
    tf.zeros([batch, ...(layer.outputShape as number[]).slice(1)]),
  );
  const taken = new Map<tfl.layers.Layer, tf.Tensor>();
  const { value, grads } = tf.valueAndGrads((...shifts) => {
    const shiftOf = new Map([...rules.keys()].map((layer, i) => [layer, shifts[i]]));
    const outputs = forward(layers, inputs, (layer, x) => {
      const rule = rules.get(layer);
      if (rule === undefined) return undefined;
      taken.set(layer, tf.keep(tf.clone(x)));
      return rule.activate(tf.add(rule.preActivation(x), shiftOf.get(layer) ?? 0));
    });
    const counted = tf.slice(outputs, 0, rows) as tf.Tensor2D;
    return tf.mul(meanLoss(counted, tf.slice(answers, 0, rows)), rows);
  })(zeros);
  const moving = new Set(variables);
  const gradients = [...rules].flatMap(([layer, rule], i) => {
    const [x, dz] = [taken.get(layer), grads[i]];
    return x === undefined || dz === undefined
      ? []
      : rule.gradients(x, dz).filter(({ variable }) => moving.has(variable));
  });
  // Added one by one: WebGPU has room for few inputs of one sum.
  const squares = gradients.map((gradient) => gradient.squaredNorms());
  const norms = tf.sqrt(squares.reduce((sum, square) => tf.add(sum, square)));
  const factors = tf.div(clip, tf.maximum(norms, clip)) as tf.Tensor1D;
  const sums = new Map(gradients.map((gradient) => [gradient.variable, gradient.weightedSum(factors)]));
  tf.dispose([...taken.values()]);
  return {
    loss: value as tf.Scalar,
    gradients: variables.map((variable) => sums.get(variable) ?? tf.zerosLike(variable)),
  };
}
