import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { crossEntropy } from "#learning/training/crossEntropy";
import type { EngineName } from "#learning/engines/engine";
import { normalise } from "#learning/models/layers/normalise";
import { meanSquaredError } from "#learning/training/meanSquaredError";
import { SeededRandom } from "#learning/seededRandom";
import { openTensorflowEngine } from "#learning/engines/tensorflowEngine";
import { useBackend } from "#learning/engines/backends/openBackend";

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;
interface Case {
  readonly f: Operation;
  readonly shapes: readonly number[][];
  /** Linear in each input: differences are exact up to rounding. */
  readonly linear?: boolean;
  /** What gradients may differ by from the cpu backend's; 1e-4 by default. */
  readonly tolerance?: number;
}

/** Values in steps of 1/8, so that windows of pooling hold ties. */
function values(shape: readonly number[], label: string): Float32Array {
  const random = new SeededRandom(11, label);
  return Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => random.below(17) / 8 - 1);
}

/** Value of f(inputs) and gradients of sum(dy * f(inputs)) with respect to each input, computed on one backend. */
async function evaluate(backend: EngineName, { f, shapes }: Case): Promise<(readonly number[])[]> {
  useBackend(backend);
  const tensors = tf.tidy(() => {
    const inputs = shapes.map((shape, i) => tf.tensor(values(shape, `input ${i}`), shape));
    const value = f(...inputs);
    const dy = tf.tensor(values(value.shape, "dy"), value.shape);
    return [value, ...tf.grads((...args) => f(...args))(inputs, dy)];
  });
  const found = await Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));
  tf.dispose(tensors);
  return found;
}

/** d/dx of sum(dy * f) by central differences. */
function differences({ f, shapes }: Case, which: number): number[] {
  useBackend("cpu");
  const eps = 1 / 16;
  const data = shapes.map((shape, i) => values(shape, `input ${i}`));
  const value = () =>
    tf.tidy(() => {
      const out = f(...shapes.map((shape, i) => tf.tensor(data[i] ?? [], shape)));
      return tf.sum(tf.mul(out, tf.tensor(values(out.shape, "dy"), out.shape))).dataSync()[0] ?? Number.NaN;
    });
  const varied = data[which] ?? new Float32Array();
  return Array.from(varied, (x, i) => {
    varied[i] = x + eps;
    const above = value();
    varied[i] = x - eps;
    const below = value();
    varied[i] = x;
    return (above - below) / (2 * eps);
  });
}

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found.length).to.equal(expected.length);
  // One assertion for the first that is off: thousands of them would take longer than the arithmetic.
  const off = found.findIndex((value, i) => !(Math.abs(value - (expected[i] ?? Number.NaN)) <= tolerance));
  if (off >= 0) expect(found[off], `element ${off}`).to.be.closeTo(expected[off] ?? Number.NaN, tolerance);
}

const CASES: Record<string, Case> = {};
for (const pad of ["same", "valid"] as const) {
  for (const [strides, size] of [
    [1, 3],
    [1, 2],
    [2, 3],
    [2, 2],
    [[1, 2], 3],
    [3, 2],
    [1, 5],
  ] as const) {
    // A topology may not ask for it: see checkTopology.
    if (pad === "same" && strides === 3) continue;
    CASES[`convolution ${size}x${size}, stride ${String(strides)}, ${pad}`] = {
      f: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides as number, pad),
      shapes: [
        [2, 7, 6, 3],
        [size, size, 3, 4],
      ],
      linear: true,
    };
  }
  for (const [size, stride] of [
    [2, 2],
    [3, 2],
    [3, 1],
  ] as const) {
    CASES[`average pooling ${size}x${size}, stride ${stride}, ${pad}`] = {
      f: (x) => tf.avgPool(x as tf.Tensor4D, size, stride, pad),
      shapes: [[2, 6, 7, 3]],
      linear: true,
    };
  }
  for (const [size, stride] of [
    [2, 2],
    [3, 2],
    [3, 1],
    [3, 3],
  ] as const) {
    CASES[`max pooling ${size}x${size}, stride ${stride}, ${pad}, ties included`] = {
      f: (x) => tf.maxPool(x as tf.Tensor4D, size, stride, pad),
      shapes: [[2, 7, 8, 3]],
    };
  }
}
Object.assign(CASES, {
  "convolution of one channel and image": {
    f: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"),
    shapes: [
      [1, 5, 5, 1],
      [5, 5, 1, 2],
    ],
    linear: true,
  },
  "convolution along time": {
    f: (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same"),
    shapes: [
      [2, 20, 6],
      [15, 6, 4],
    ],
    linear: true,
  },
  "max pooling along time": {
    f: (x) => tf.maxPool(tf.expandDims(x, 2) as tf.Tensor4D, [4, 1], [4, 1], "valid"),
    shapes: [[2, 18, 5]],
  },
  "batched product a b^T": {
    f: (a, b) => tf.matMul(a, b, false, true),
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    linear: true,
  },
  "product by a large matrix": {
    f: (a, b) => tf.matMul(a, b),
    shapes: [
      [2, 5],
      [5, 13_200],
    ],
    tolerance: 1e-2,
  },
  "padding with zeros": {
    f: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
    shapes: [[2, 3, 4, 2]],
    linear: true,
  },
  concatenation: {
    f: (a, b) => tf.concat([a, b], -1),
    shapes: [
      [2, 3, 4],
      [2, 3, 2],
    ],
    linear: true,
  },
  "the greatest of each channel": { f: (x) => tf.max(x, [1, 2]), shapes: [[2, 3, 4, 5]] },
  "the mean of each channel": { f: (x) => tf.mean(x, [1, 2]), shapes: [[2, 3, 4, 5]], linear: true },
  rectifiers: { f: (x) => tf.relu(x), shapes: [[5, 7]] },
  "hyperbolic tangents": { f: (x) => tf.tanh(x), shapes: [[5, 7]] },
  "logistic functions": { f: (x) => tf.sigmoid(x), shapes: [[5, 7]] },
  "normalisation over a batch": { f: (x) => normalise(x, [0], 1e-3), shapes: [[24, 5]] },
  "normalisation over groups": { f: (x) => normalise(x, [1, 3], 1e-3), shapes: [[3, 6, 2, 4]] },
  "cross entropy": {
    f: (z) => crossEntropy(z as tf.Tensor2D, tf.tensor2d([0, 1, 0, 0, 0, 1], [2, 3])),
    shapes: [[2, 3]],
  },
  "squared error": {
    f: (z) => meanSquaredError(z as tf.Tensor2D, tf.tensor2d([0.5, -2, 1], [3, 1])),
    shapes: [[3, 1]],
  },
} satisfies Record<string, Case>);
for (const [transposeA, transposeB] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const) {
  CASES[`product a${transposeA ? "^T" : ""} b${transposeB ? "^T" : ""}`] = {
    f: (a, b) => tf.matMul(a, b, transposeA, transposeB),
    shapes: [transposeA ? [40, 3] : [3, 40], transposeB ? [5, 40] : [40, 5]],
    linear: true,
  };
}

/** Checks an engine's operations and their gradients against the cpu backend's and against finite differences, but for some cases by name. */
export function describeGradients(engine: EngineName, leaveOut: readonly string[] = []): void {
  describe(`values and gradients on ${engine}`, function () {
    this.timeout(60_000);
    before(async () => {
      await openTensorflowEngine("cpu");
      await openTensorflowEngine(engine);
    });

    for (const [name, gradient] of Object.entries(CASES)) {
      if (leaveOut.includes(name)) continue;
      const { shapes, linear = false, tolerance = 1e-4 } = gradient;
      it(`of ${name} equal the cpu backend's${linear ? " and finite differences" : ""}`, async () => {
        const expected = await evaluate("cpu", gradient);
        const found = await evaluate(engine, gradient);
        found.forEach((gradientOf, i) => expectClose(gradientOf, expected[i] ?? [], tolerance));
        if (!linear) return;
        shapes.forEach((_, i) => expectClose(found[i + 1] ?? [], differences(gradient, i), 1e-2));
      });
    }
  });
}
