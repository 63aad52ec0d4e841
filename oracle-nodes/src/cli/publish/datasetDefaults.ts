import type { DatasetName } from "../../../../protocol/datasetTerms.ts";
import type { TaskManifest } from "../../../../protocol/manifest.ts";

/** What a manifest says about a dataset, and the hyperparameters that suit it where a publisher names none. */
export interface DatasetDefaults {
  readonly schema: Omit<TaskManifest["dataset"], "name">;
  readonly model: string;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
}

/** The schema is what the dataset's loader gives, so that a publisher needs no data. */
export const DATASET_DEFAULTS: Readonly<Record<DatasetName, DatasetDefaults>> = {
  digits: {
    schema: { inputShape: [16, 16, 1], classes: 10, mean: [0.25], std: [0.3] },
    model: "mlp",
    localEpochs: 5,
    batchSize: 10,
    learningRate: 0.01,
    momentum: 0.5,
  },
  mnist: {
    schema: { inputShape: [28, 28, 1], classes: 10, mean: [0.1307], std: [0.3081] },
    model: "mlp",
    localEpochs: 5,
    batchSize: 10,
    learningRate: 0.01,
    momentum: 0.5,
  },
  cifar10: {
    schema: { inputShape: [32, 32, 3], classes: 10, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    model: "lenet",
    localEpochs: 5,
    batchSize: 10,
    learningRate: 0.01,
    momentum: 0.5,
  },
};
