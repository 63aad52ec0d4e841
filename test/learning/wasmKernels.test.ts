import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { openTensorflowEngine, useBackend } from "../../oracle-nodes/src/learning/tensorflowEngine.ts";
import type { EngineName } from "../../oracle-nodes/src/learning/engine.ts";
import { SeededRandom } from "../../oracle-nodes/src/learning/seededRandom.ts";

/** Values in steps of 1/8, so that windows of pooling hold ties. */
function values(shape: readonly number[], label: string): Float32Array {
  const random = new SeededRandom(11, label);
  return Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => random.below(17) / 8 - 1);
}

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Gradients of sum(dy * f(inputs)) with respect to each input, computed on one backend. */
function gradients(backend: EngineName, f: Operation, shapes: readonly number[][]): number[][] {
  useBackend(backend);
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) => tf.tensor(values(shape, `input ${i}`), shape));
    const out = f(...inputs);
    const dy = tf.tensor(values(out.shape, "dy"), out.shape);
    return tf
      .grads((...args) => f(...args))(inputs, dy)
      .map((gradient) => [...gradient.dataSync()]);
  });
}

/** d/dx of sum(dy * f) by central differences; exact up to rounding where f is linear in each input. */
function differences(f: Operation, shapes: readonly number[][], which: number): number[] {
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
  found.forEach((value, i) =>
    expect(value, `element ${i}`).to.be.closeTo(expected[i] ?? Number.NaN, tolerance),
  );
}

const convolution =
  (strides: number | [number, number], pad: "same" | "valid"): Operation =>
  (x, filter) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
const pool =
  (size: number, strides: number, pad: "same" | "valid"): Operation =>
  (x) =>
    tf.maxPool(x as tf.Tensor4D, size, strides, pad);
const product =
  (transposeA: boolean, transposeB: boolean): Operation =>
  (a, b) =>
    tf.matMul(a, b, transposeA, transposeB);

describe("the wasm engine's gradients", () => {
  before(async () => {
    await openTensorflowEngine("wasm");
    await openTensorflowEngine("cpu");
  });

  const linear: Record<string, [Operation, number[][]]> = {};
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
      const shapes = [
        [2, 7, 6, 3],
        [size, size, 3, 4],
      ];
      linear[`convolution ${size}x${size}, stride ${String(strides)}, ${pad}`] = [
        convolution(strides as number, pad),
        shapes,
      ];
    }
  }
  linear["convolution of one channel and image"] = [
    convolution(1, "same"),
    [
      [1, 5, 5, 1],
      [5, 5, 1, 2],
    ],
  ];
  linear["product a b"] = [
    product(false, false),
    [
      [3, 40],
      [40, 5],
    ],
  ];
  linear["product a b^T"] = [
    product(false, true),
    [
      [3, 40],
      [5, 40],
    ],
  ];
  linear["product a^T b"] = [
    product(true, false),
    [
      [40, 3],
      [40, 5],
    ],
  ];
  linear["product a^T b^T"] = [
    product(true, true),
    [
      [40, 3],
      [5, 40],
    ],
  ];
  linear["batched product a b^T"] = [
    product(false, true),
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
  ];
  linear["average pooling"] = [(x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid"), [[2, 6, 7, 3]]];

  for (const [name, [f, shapes]] of Object.entries(linear)) {
    it(`of ${name} equal the cpu backend's and finite differences`, () => {
      const found = gradients("wasm", f, shapes);
      const expected = gradients("cpu", f, shapes);
      found.forEach((gradient, i) => {
        expectClose(gradient, expected[i] ?? [], 1e-4);
        expectClose(gradient, differences(f, shapes, i), 1e-2);
      });
    });
  }

  it("of a product by a large matrix, and the product itself, equal the cpu backend's", () => {
    const shapes = [
      [2, 5],
      [5, 13_200],
    ];
    const expected = gradients("cpu", product(false, false), shapes);
    gradients("wasm", product(false, false), shapes).forEach((gradient, i) => {
      expectClose(gradient, expected[i] ?? [], 1e-2);
    });
    const valueOn = (backend: EngineName) => {
      useBackend(backend);
      return tf.tidy(() => {
        const [a, b] = shapes.map((shape, i) => tf.tensor(values(shape, `input ${i}`), shape));
        return a && b ? [...tf.matMul(a, b).dataSync()] : [];
      });
    };
    expectClose(valueOn("wasm"), valueOn("cpu"), 1e-4);
  });

  for (const [size, strides, pad] of [
    [2, 2, "valid"],
    [2, 2, "same"],
    [3, 2, "same"],
    [3, 1, "valid"],
    [3, 3, "same"],
  ] as const) {
    it(`of max pooling ${size}x${size}, stride ${strides}, ${pad} equal the cpu backend's, ties included`, () => {
      const shapes = [[2, 7, 8, 3]];
      expectClose(
        gradients("wasm", pool(size, strides, pad), shapes)[0] ?? [],
        gradients("cpu", pool(size, strides, pad), shapes)[0] ?? [],
        1e-5,
      );
    });
  }
});
