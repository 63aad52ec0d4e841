import * as tf from "@tensorflow/tfjs-core";
import { gaussianIntegers } from "../privacy/gaussianNoise.ts";
import type { Keystream } from "../nodeOnly/keystream.ts";
import { laplaceIntegers } from "../privacy/laplaceNoise.ts";
import { clippingNorm, DEVICE_LAPLACE_BITS, GAUSSIAN_BITS, gridStep } from "../privacy/noiseGrid.ts";
import type { BatchTensors, GradientRule } from "./batchGradient.ts";
import { type ClippedSum, clippedSum } from "./clippedGradient.ts";
import { placeDropout } from "../models/layers/seededDropout.ts";

/** How a training keeps its records private, step by step. */
export interface StepPrivacy {
  /** C: the L2 norm to which each record's gradient is clipped. */
  readonly clip: number;
  /**
   * Noise on each coordinate of the clipped gradients' sum: normal with this standard deviation, or Laplace of this scale.
   */
  readonly noise: { readonly law: "gaussian" | "laplace"; readonly scale: number };
  /** Draws the noise, which records take part in a step, and dropout masks: all of it has to stay secret. */
  readonly random: Keystream;
}

/**
 * The records of each step of an epoch, as indices into the split: every record takes part in a step with probability
 * batchSize / n, on its own (Poisson sampling, by exact draws). A step may have none; it counts like any other.
 */
export function* poissonBatches(
  indices: readonly number[],
  batchSize: number,
  random: Keystream,
): Generator<Uint32Array> {
  const steps = Math.ceil(indices.length / batchSize);
  for (let step = 0; step < steps; step++) {
    yield Uint32Array.from(indices.filter(() => random.below(indices.length) < batchSize));
  }
}

/**
 * The step of noisy clipped descent (Abadi et al. 2016, Algorithm 1; paper 3, section 4.1, with Laplace noise):
 * g = (sum over the sampled records of g_i min(1, C / ||g_i||) + noise) / batchSize, the expected number of records.
 * Value and noise are whole steps of one grid: see `addGaussianNoise`.
 *
 * Dropout masks are drawn from the secret randomness too: were they known and bound to the row of a batch, one more record
 * would move the others to other masks, and so their gradients.
 *
 * @param isPadded Whether batches are padded to one size, which a device that compiles for shapes prefers.
 */
export function privateGradient(
  { clip, noise, random }: StepPrivacy,
  batchSize: number,
  isPadded: boolean,
): GradientRule {
  return (layers, batch, variables) => {
    const dimension = variables.reduce((sum, { size }) => sum + size, 0);
    const step = gridStep(noise.scale, noise.law === "gaussian" ? GAUSSIAN_BITS : DEVICE_LAPLACE_BITS);
    const norm = clippingNorm(clip, step, dimension);
    const { loss, gradients } = sumOfChunks(batch, chunkSize(batchSize), isPadded, (chunk, rows) => {
      const [seed, round, member, place] = [random.next(), random.next(), random.next(), random.next()];
      placeDropout(layers, { seed, round, member, step: place });
      return clippedSum(layers, chunk, rows, variables, norm);
    });
    const noisy = gradients.map((sum) => {
      const draw = noise.law === "gaussian" ? gaussianIntegers : laplaceIntegers;
      const steps = Float32Array.from(draw(sum.size, noise.scale / step, random));
      const onGrid = tf.add(tf.round(tf.mul(sum, 1 / step)), tf.tensor(steps, sum.shape));
      return tf.mul(onGrid, step / batchSize);
    });
    const size = Math.max(1, batch.inputs.shape[0] ?? 0);
    return {
      loss: tf.div(loss, size),
      gradients: Object.fromEntries(variables.map(({ name }, i) => [name, noisy[i] ?? tf.zeros([])])),
    };
  };
}

/** Records that are worked on at once: two deviations above the mean, so that few batches overflow into another chunk. */
function chunkSize(batchSize: number): number {
  return Math.ceil(batchSize + 2 * Math.sqrt(batchSize));
}

/** Adds up chunks of a batch of at most `size` records, padded to it where asked for. */
function sumOfChunks(
  { inputs, answers }: BatchTensors,
  size: number,
  isPadded: boolean,
  sumOf: (chunk: BatchTensors, rows: number) => ClippedSum,
): ClippedSum {
  const count = inputs.shape[0] ?? 0;
  const chunkAt = (start: number): ClippedSum => {
    const rows = Math.min(size, count - start);
    const cut = <T extends tf.Tensor>(tensor: T): T => {
      const part = tf.slice(tensor, start, rows);
      return isPadded
        ? tf.pad(
            part,
            part.shape.map((_, axis) => [0, axis === 0 ? size - rows : 0]),
          )
        : part;
    };
    return sumOf({ inputs: cut(inputs), answers: cut(answers) }, rows);
  };
  // An empty batch is one chunk without records.
  let total = chunkAt(0);
  for (let start = size; start < count; start += size) {
    const [before, chunk] = [total, chunkAt(start)];
    total = {
      loss: tf.add(before.loss, chunk.loss),
      gradients: before.gradients.map((sum, i) => tf.add(sum, chunk.gradients[i] ?? 0)),
    };
  }
  return total;
}
