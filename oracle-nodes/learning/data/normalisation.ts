import { indicatorChannels, recordSize, type DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { Split } from "./dataset.ts";

/** Per channel, which is the last axis of a record: (x - mean) / std; bytes are first scaled to 0..1. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Deviations this small, relative to the mean, are rounding. */
const FLAT = 1e-9;

/**
 * Mean and standard deviation (of the population) of each channel over the given records of a split. A channel that never
 * varies is only centred; one that says yes or no (a category of a table) stays as it is.
 */
export function fitNormalisation(
  terms: DatasetTerms,
  { features }: Split,
  indices: readonly number[],
): Normalisation {
  const size = recordSize(terms);
  const channels = terms.inputShape.at(-1) ?? 1;
  const scale = features instanceof Uint8Array ? 255 : 1;
  const each = (visit: (channel: number, value: number) => void): void => {
    for (const index of indices) {
      for (let i = 0; i < size; i++) visit(i % channels, (features[index * size + i] ?? 0) / scale);
    }
  };
  const count = (indices.length * size) / channels;
  const sums = new Float64Array(channels);
  each((channel, value) => (sums[channel] = (sums[channel] ?? 0) + value));
  const mean = Array.from(sums, (sum) => (count === 0 ? 0 : sum / count));
  const squares = new Float64Array(channels);
  each((channel, value) => {
    squares[channel] = (squares[channel] ?? 0) + (value - (mean[channel] ?? 0)) ** 2;
  });
  const std = Array.from(squares, (sum, channel) => {
    const deviation = Math.sqrt(sum / count);
    return deviation > FLAT * Math.max(1, Math.abs(mean[channel] ?? 0)) ? deviation : 1;
  });
  for (const channel of indicatorChannels(terms)) {
    mean[channel] = 0;
    std[channel] = 1;
  }
  return { mean, std };
}
