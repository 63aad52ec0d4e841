import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { ConcordatError } from "@concordat/protocol/errors";
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

/** A convolution over [B, H, W, C]; one over [B, W, C] is one of height 1. */
interface Convolution {
  /** [K_h, K_w, C_in, C_out]. */
  readonly filterShape: [number, number, number, number];
  readonly strides: [number, number];
  readonly padding: "same" | "valid";
}

/** A Conv1D or Conv2D layer. @throws {ConcordatError} for what no built-in model has: causal padding, channels first. */
export function convExamples(layer: tfl.layers.Layer): ExampleLayer {
  const [kernel, bias] = layer.weights.map((weight) => weight.read() as tf.Variable);
  if (kernel === undefined) throw new Error(`${layer.name} has no kernel`);
  const config = layer.getConfig();
  const [height = 1, width = 1] = inTwo(config["strides"] as number[]);
  const padding = String(config["padding"]);
  if (
    (padding !== "same" && padding !== "valid") ||
    (config["dataFormat"] ?? "channelsLast") !== "channelsLast"
  ) {
    throw new ConcordatError(`${layer.name} cannot be trained with clipped gradients`, {
      hint: "Use padding same or valid, and channels last",
    });
  }
  const convolution: Convolution = {
    filterShape: inTwo(kernel.shape) as Convolution["filterShape"],
    strides: [height, width],
    padding,
  };
  return {
    preActivation: (x) => {
      const filter = tf.reshape(kernel, convolution.filterShape) as tf.Tensor4D;
      const z = tf.conv2d(asImages(x), filter, convolution.strides, padding);
      const shaped = x.rank === 4 ? z : tf.squeeze(z, [1]);
      return bias === undefined ? shaped : tf.add(shaped, bias);
    },
    activate: activationOf(config),
    gradients: (x, dz) => [
      filterGradients(kernel, convolution, asImages(x), asImages(dz)),
      ...(bias === undefined ? [] : [heldGradients(bias, overPlaces(dz))]),
    ],
  };
}

/** What a convolution along time is as one over images of height 1. */
function inTwo(ofFilter: readonly number[]): readonly number[] {
  return ofFilter.length === 1 || ofFilter.length === 3 ? [1, ...ofFilter] : ofFilter;
}

function asImages(x: tf.Tensor): tf.Tensor4D {
  return x.rank === 4 ? (x as tf.Tensor4D) : (tf.expandDims(x, 1) as tf.Tensor4D);
}

function filterGradients(
  kernel: tf.Variable,
  convolution: Convolution,
  x: tf.Tensor4D,
  dz: tf.Tensor4D,
): ExampleGradients {
  const { filterShape, strides, padding } = convolution;
  const [filterHeight, filterWidth, inputs, outputs] = filterShape;
  const [, outHeight, outWidth] = dz.shape;
  if (!isGhostCheaper(outHeight * outWidth, filterHeight * filterWidth * inputs, outputs)) {
    return directGradients(kernel, convolution, x, dz);
  }
  return {
    variable: kernel,
    squaredNorms: () =>
      ghostNorms(
        windows(convolution, x, dz.shape),
        tf.reshape(dz, [dz.shape[0], outHeight * outWidth, outputs]) as tf.Tensor3D,
      ),
    weightedSum: (factors) => {
      const attributes = {
        strides,
        pad: padding,
        dataFormat: "NHWC",
        dimRoundingMode: undefined,
        filterShape,
      };
      const inputsOfKernel = { x, dy: scaled(dz, factors) };
      const sum = tf
        .engine()
        .runKernel(tf.Conv2DBackpropFilter, inputsOfKernel, attributes as unknown as tf.NamedAttrMap);
      return tf.reshape(sum as tf.Tensor, kernel.shape);
    },
  };
}

/**
 * The examples' gradients, all in one depthwise convolution: of x as [C_in, H, W, B], where each example is a channel, by
 * dz as filters [H_out, W_out, B, C_out], dilated by the stride.
 */
function directGradients(
  kernel: tf.Variable,
  convolution: Convolution,
  x: tf.Tensor4D,
  dz: tf.Tensor4D,
): ExampleGradients {
  const [filterHeight, filterWidth, inputs, outputs] = convolution.filterShape;
  const batch = x.shape[0];
  const image = tf.transpose(padded(convolution, x), [3, 1, 2, 0]) as tf.Tensor4D;
  const filters = tf.transpose(dz, [1, 2, 0, 3]) as tf.Tensor4D;
  const all = tf.depthwiseConv2d(image, filters, 1, "valid", "NHWC", convolution.strides);
  // With a stride, the last rows and columns may lie under no window.
  const used = tf.slice(all, [0, 0, 0, 0], [inputs, filterHeight, filterWidth, batch * outputs]);
  const gradients = tf.reshape(used, [-1, batch, outputs]);
  return {
    variable: kernel,
    squaredNorms: () => tf.sum(tf.square(gradients), [0, 2]),
    weightedSum: (factors) => {
      const sum = tf.sum(tf.mul(gradients, tf.reshape(factors, [1, batch, 1])), 1);
      const ordered = tf.transpose(
        tf.reshape(sum, [inputs, filterHeight, filterWidth, outputs]),
        [1, 2, 0, 3],
      );
      return tf.reshape(ordered, kernel.shape);
    },
  };
}

/** What each window of x sees, [B, H_out W_out, K_h K_w C_in]. */
function windows(
  convolution: Convolution,
  x: tf.Tensor4D,
  [batch, outHeight, outWidth]: readonly number[],
): tf.Tensor3D {
  const { filterShape, strides } = convolution;
  const [filterHeight, filterWidth, inputs] = filterShape;
  const [rows, columns] = [(outHeight ?? 0) * strides[0], (outWidth ?? 0) * strides[1]];
  // Strides may take the last window's start beyond the image: zeros there are never seen.
  const image = tf.pad(padded(convolution, x), [
    [0, 0],
    [0, strides[0]],
    [0, strides[1]],
    [0, 0],
  ]);
  const parts: tf.Tensor[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const end = [
        batch ?? 0,
        Math.min(image.shape[1] ?? 0, row + rows),
        Math.min(image.shape[2] ?? 0, column + columns),
        inputs,
      ];
      parts.push(tf.stridedSlice(image, [0, row, column, 0], end, [1, ...strides, 1]));
    }
  }
  const seen = parts.length === 1 ? parts[0] : tf.concat(parts, 3);
  return tf.reshape(seen ?? x, [batch ?? 0, -1, filterHeight * filterWidth * inputs]) as tf.Tensor3D;
}

/** x with the zeros around it that its padding asks for. */
function padded({ filterShape, strides, padding }: Convolution, x: tf.Tensor4D): tf.Tensor4D {
  const { padInfo } = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, padding);
  const { top, bottom, left, right } = padInfo;
  return top + bottom + left + right === 0
    ? x
    : tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
}
