import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { addGaussianNoise } from "./gaussianNoise.ts";
import type { Keystream } from "../nodeOnly/keystream.ts";
import { clippingNorm, GAUSSIAN_BITS, gridStep } from "./noiseGrid.ts";

/** How much of an update is let through, and the noise on it. */
export interface UpdateNoise {
  /** L2 norm to which the change of all tensors together is clipped. */
  readonly clip: number;
  /** Standard deviation of the noise on each weight. */
  readonly deviation: number;
}

/**
 * Paper 5, Eq. 4: W + N(0, sigma^2), on the change against the model that training started from, clipped first: without
 * that no noise gives any guarantee.
 */
export function noisyUpdate(
  start: ModelTensors,
  trained: ModelTensors,
  { clip, deviation }: UpdateNoise,
  random: Keystream,
): ModelTensors {
  const dimension = trained.reduce((sum, { data }) => sum + data.length, 0);
  const bound = clippingNorm(clip, gridStep(deviation, GAUSSIAN_BITS), dimension);
  const changes = trained.map(({ data }, i) =>
    Float32Array.from(data, (x, j) => x - (start[i]?.data[j] ?? 0)),
  );
  const norm = Math.sqrt(changes.reduce((sum, change) => sum + squaredNorm(change), 0));
  const factor = bound / Math.max(norm, bound);
  return trained.map(({ name, shape }, i) => {
    const change = (changes[i] ?? new Float32Array()).map((x) => x * factor);
    addGaussianNoise(change, deviation, random);
    return { name, shape, data: change.map((x, j) => x + (start[i]?.data[j] ?? 0)) };
  });
}

function squaredNorm(values: Float32Array): number {
  let sum = 0;
  for (const x of values) sum += x * x;
  return sum;
}
