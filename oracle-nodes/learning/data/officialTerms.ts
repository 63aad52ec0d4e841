import type { DatasetTerms, OFFICIAL_DATASETS } from "@concordat/protocol/manifest/datasetTerms";

export type OfficialDataset = (typeof OFFICIAL_DATASETS)[number];

/**
 * What manifests say about datasets whose files say all there is to say, so that a publisher needs no data. The
 * normalisation is the customary one.
 */
export const OFFICIAL_TERMS: {
  readonly [Name in OfficialDataset]: Extract<DatasetTerms, { name: OfficialDataset }> & { name: Name };
} = {
  digits: { name: "digits", inputShape: [16, 16, 1], classes: 10, mean: [0.25], std: [0.3] },
  mnist: { name: "mnist", inputShape: [28, 28, 1], classes: 10, mean: [0.1307], std: [0.3081] },
  "fashion-mnist": {
    name: "fashion-mnist",
    inputShape: [28, 28, 1],
    classes: 10,
    classNames: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
    mean: [0.286],
    std: [0.353],
  },
  cifar10: {
    name: "cifar10",
    inputShape: [32, 32, 3],
    classes: 10,
    classNames: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  },
  cifar100: {
    name: "cifar100",
    inputShape: [32, 32, 3],
    classes: 100,
    mean: [0.5074, 0.4867, 0.4411],
    std: [0.2011, 0.1987, 0.2025],
  },
  "uci-har": {
    name: "uci-har",
    inputShape: [128, 9],
    classes: 6,
    classNames: ["WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING"],
    mean: [],
    std: [],
  },
};
