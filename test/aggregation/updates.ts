import { createHash } from "node:crypto";
import { memberId } from "#protocol/ids";
import type { ModelTensors } from "#protocol/artifacts/tensors";
import type { Update } from "#learning/aggregation/rule";

/** An update of one tensor "w". */
export function vector(member: number, values: readonly number[], samples = 1): Update {
  return {
    memberId: memberId(member),
    samples,
    tensors: [{ name: "w", shape: [values.length], data: Float32Array.from(values) }],
  };
}

/** Uniform integers below 2^32: a linear congruential generator, integers only, so every platform draws the same. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

/**
 * `n` updates of a small two-layer model: seeded, members 1, 3, 5, ..., unequal samples, and values of very different
 * magnitude, so that a changed order of additions changes bits.
 */
export function seededUpdates(n: number, seed = 1, hidden = 50): Update[] {
  const draw = generator(seed);
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => (draw() - 2 ** 31) / 2 ** (33 + (draw() % 20)));
  return Array.from({ length: n }, (_, k) => ({
    memberId: memberId(2 * k + 1),
    samples: 1 + (draw() % 5000),
    tensors: [
      { name: "dense/kernel", shape: [13, hidden], data: values(13 * hidden) },
      { name: "dense/bias", shape: [hidden], data: values(hidden) },
      { name: "scale", shape: [], data: values(1) },
    ],
  }));
}

/** All values of a model in manifest order. */
export function flat(tensors: ModelTensors): number[] {
  return tensors.flatMap(({ data }) => [...data]);
}

/** sha256 of a model's float32 values in manifest order, little endian, in hex. */
export function digestOf(tensors: ModelTensors): string {
  const hash = createHash("sha256");
  for (const { data } of tensors) {
    const bytes = new DataView(new ArrayBuffer(4 * data.length));
    data.forEach((value, i) => bytes.setFloat32(4 * i, value, true));
    hash.update(bytes);
  }
  return hash.digest("hex");
}
