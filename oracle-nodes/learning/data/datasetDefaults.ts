import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";

/** The model and the hyperparameters that suit a dataset where a publisher names none. */
export interface DatasetDefaults {
  readonly model: string;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
}

/** Those of paper 1, section 4.1. */
const TRAINING = { localEpochs: 5, batchSize: 10, learningRate: 0.01, momentum: 0.5 } as const;

export const DATASET_DEFAULTS: Readonly<Record<DatasetName, DatasetDefaults>> = {
  digits: { model: "mlp", ...TRAINING },
  mnist: { model: "mlp", ...TRAINING },
  "fashion-mnist": { model: "mlp", ...TRAINING },
  cifar10: { model: "lenet", ...TRAINING },
  cifar100: { model: "lenet", ...TRAINING },
  "uci-har": { model: "har-cnn", ...TRAINING },
  "realworld-har": { model: "har-cnn", ...TRAINING },
  "image-folder": { model: "cnn", ...TRAINING },
  csv: { model: "mlp", ...TRAINING },
};
