import { normalisesItself, recordSize, type DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { Split } from "./dataset.ts";
import { fitNormalisation, type Normalisation } from "./normalisation.ts";

/** Some records of a split, normalised when a batch is made: what a model trains on or is scored on. */
export interface Samples extends Normalisation {
  readonly split: Split;
  /** Indices into the split. */
  readonly indices: readonly number[];
  /** Shape of one record: [height, width, channels], [steps, channels] or [features]. */
  readonly inputShape: readonly number[];
}

/** Inputs and right answers of one step. */
export interface Batch {
  /** [size, ...inputShape], normalised. */
  readonly inputs: Float32Array;
  /** Class of each; all 0 where `targets` stand. */
  readonly labels: readonly number[];
  /** The numbers to predict, in a regression. */
  readonly targets?: Float32Array;
  readonly size: number;
}

/** Makes samples of records of any split, all normalised alike. */
export type Sampler = (split: Split, indices: readonly number[]) => Samples;

/**
 * How a node sees its data: normalised as the manifest says, or, where the manifest leaves that open, by what is fitted on
 * the node's own training records and on nothing else.
 *
 * @param train The node's training records, as indices into `split`, the training file.
 */
export function samplerFor(terms: DatasetTerms, split: Split, train: readonly number[]): Sampler {
  const { inputShape } = terms;
  const { mean, std } = normalisesItself(terms) ? fitNormalisation(terms, split, train) : terms;
  return (of, indices) => ({ split: of, indices, inputShape, mean, std });
}

/** Makes batches of given records; the table of normalised byte values is computed once. */
export function batchMaker(samples: Samples): (indices: ArrayLike<number>) => Batch {
  const { split } = samples;
  const size = recordSize(samples);
  const write = recordWriter(samples, size);
  return (indices) => {
    const inputs = new Float32Array(indices.length * size);
    const labels: number[] = [];
    const targets = split.targets && new Float32Array(indices.length);
    for (let row = 0; row < indices.length; row++) {
      const index = indices[row] ?? 0;
      write(index * size, inputs, row * size);
      labels.push(split.labels[index] ?? 0);
      if (targets !== undefined) targets[row] = split.targets?.[index] ?? 0;
    }
    return { inputs, labels, ...(targets !== undefined && { targets }), size: indices.length };
  };
}

/** A function that writes the normalised record at an offset of the features into a batch. */
function recordWriter({ split: { features }, mean, std }: Samples, size: number) {
  const channels = mean.length;
  if (features instanceof Uint8Array) {
    const table = normalisedBytes({ mean, std });
    return (from: number, inputs: Float32Array, to: number): void => {
      for (let i = 0; i < size; i++) {
        inputs[to + i] = table[(i % channels) * 256 + (features[from + i] ?? 0)] ?? 0;
      }
    };
  }
  return (from: number, inputs: Float32Array, to: number): void => {
    for (let i = 0; i < size; i++) {
      const channel = i % channels;
      inputs[to + i] = ((features[from + i] ?? 0) - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }
  };
}

/** The normalised value of each byte, [channel, 256]. */
function normalisedBytes({ mean, std }: Normalisation): Float32Array {
  const table = new Float32Array(mean.length * 256);
  mean.forEach((m, channel) => {
    for (let value = 0; value < 256; value++)
      table[channel * 256 + value] = (value / 255 - m) / (std[channel] ?? 1);
  });
  return table;
}
