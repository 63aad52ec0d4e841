import { InputError } from "../../../protocol/errors.ts";
import type { DatasetName } from "../../../protocol/datasetTerms.ts";
import { loadCifar10 } from "./cifar10.ts";
import { digits } from "./digits.ts";
import { loadMnist } from "./mnist.ts";

/** Images and their labels as a file holds them. */
export interface Split {
  /** Raw pixels 0..255, [count, height, width, channels] row-major. */
  readonly images: Uint8Array;
  /** Class of each image, 0..classes-1. */
  readonly labels: Uint8Array;
  readonly count: number;
}

/** A dataset in memory: the training file, from which nodes draw training and validation, and the test file. */
export interface Dataset {
  readonly name: DatasetName;
  /** Height, width and channels of one image. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Customary normalisation per channel of pixels scaled to 0..1, for manifests: (x - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly train: Split;
  readonly test: Split;
}

/**
 * Loads a dataset by name.
 *
 * @param directory Folder with the official files, or with a folder of the dataset's name; `digits` needs none.
 * @throws {InputError} when a file is missing, truncated, foreign or does not fit its neighbour.
 */
export async function loadDataset(name: DatasetName, directory?: string): Promise<Dataset> {
  if (name === "digits") return digits();
  if (directory === undefined) {
    throw new InputError(`The dataset ${name} needs a folder with its files`, {
      hint: "Name it with --data DIR, or use the built-in dataset digits",
    });
  }
  switch (name) {
    case "mnist":
      return loadMnist(directory);
    case "cifar10":
      return loadCifar10(directory);
  }
}
