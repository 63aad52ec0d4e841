import type { TaskManifest } from "../../../protocol/manifest.ts";
import type { Split } from "./dataset.ts";

/** Some images of a split, normalised when a batch is made: what a model trains on or is scored on. */
export interface Samples {
  readonly split: Split;
  /** Indices into the split. */
  readonly indices: readonly number[];
  /** Height, width and channels. */
  readonly inputShape: readonly [number, number, number];
  /** Per channel, applied to pixels scaled to 0..1: (x - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Images and labels of one step. */
export interface Batch {
  /** [size, height, width, channels], normalised. */
  readonly images: Float32Array;
  readonly labels: readonly number[];
  readonly size: number;
}

/** The samples of a split as a manifest wants them normalised. */
export function manifestSamples(
  dataset: TaskManifest["dataset"],
  split: Split,
  indices: readonly number[],
): Samples {
  const [height = 0, width = 0, channels = 0] = dataset.inputShape;
  return { split, indices, inputShape: [height, width, channels], mean: dataset.mean, std: dataset.std };
}

/** Makes batches of given samples; the table of normalised pixel values is computed once. */
export function batchMaker({ split, inputShape, mean, std }: Samples): (indices: ArrayLike<number>) => Batch {
  const channels = inputShape[2];
  const pixels = inputShape[0] * inputShape[1] * channels;
  const table = normalisedValues(mean, std);
  return (indices) => {
    const images = new Float32Array(indices.length * pixels);
    const labels: number[] = [];
    for (let row = 0; row < indices.length; row++) {
      const index = indices[row] ?? 0;
      const from = index * pixels;
      for (let i = 0; i < pixels; i++) {
        images[row * pixels + i] = table[(i % channels) * 256 + (split.images[from + i] ?? 0)] ?? 0;
      }
      labels.push(split.labels[index] ?? 0);
    }
    return { images, labels, size: indices.length };
  };
}

/** The normalised value of each pixel value, [channel, 256]. */
function normalisedValues(mean: readonly number[], std: readonly number[]): Float32Array {
  const table = new Float32Array(mean.length * 256);
  mean.forEach((m, channel) => {
    for (let value = 0; value < 256; value++)
      table[channel * 256 + value] = (value / 255 - m) / (std[channel] ?? 1);
  });
  return table;
}
