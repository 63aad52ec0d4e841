import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";

/** A checksum that the data's publisher states. */
export interface Checksum {
  readonly algorithm: "md5" | "sha256";
  readonly hex: string;
}

/** An archive that a download is, or that is within another one. */
export interface Archive {
  readonly kind: "zip" | "tar.gz";
  /** Names of the members to keep; the group `path` is where they are kept. */
  readonly keep: RegExp;
}

/** A file to download. */
export interface SourceFile {
  readonly url: string;
  /** What it is called in the dataset's folder; an archive only while it is downloaded. */
  readonly name: string;
  /** Without one, the first download is pinned. */
  readonly checksum?: Checksum;
  /** The archive, and the archives within it, outermost first. */
  readonly archives?: readonly Archive[];
}

/** Where a dataset is published. */
export interface DatasetSource {
  /** What a person reads about it. */
  readonly page: string;
  readonly files: readonly SourceFile[];
}

const md5 = (hex: string): Checksum => ({ algorithm: "md5", hex });

function idxFiles(base: string, checksums: readonly [string, string, string, string]): SourceFile[] {
  return ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map((stem, i) => {
    const name = `${stem}-ubyte.gz`;
    return { url: `${base}/${name}`, name, checksum: md5(checksums[i] ?? "") };
  });
}

function cifar(number: 10 | 100, checksum: string): SourceFile[] {
  const name = `cifar-${number}-binary.tar.gz`;
  const keep = /^cifar-100?-(?:batches-bin|binary)\/(?<path>[a-z0-9_]+\.(?:bin|txt))$/;
  const url = `https://www.cs.toronto.edu/~kriz/${name}`;
  return [{ url, name, checksum: md5(checksum), archives: [{ kind: "tar.gz", keep }] }];
}

/**
 * The official places, with the checksums that stand there or, for MNIST and UCI HAR, that others who fetch them from there
 * agree on. RealWorld publishes none: its first download is pinned.
 */
export const SOURCES: Readonly<Partial<Record<DatasetName, DatasetSource>>> = {
  mnist: {
    page: "http://yann.lecun.com/exdb/mnist/ (the copy that PyTorch keeps)",
    files: idxFiles("https://ossci-datasets.s3.amazonaws.com/mnist", [
      "f68b3c2dcbeaaa9fbdd348bbdeb94873",
      "d53e105ee54ea40749a09fcbcd1e9432",
      "9fb629c4189551a2d022fa330f9573f3",
      "ec29112dd5afa0611ce80d1b7f02629c",
    ]),
  },
  "fashion-mnist": {
    page: "https://github.com/zalandoresearch/fashion-mnist",
    files: idxFiles("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion", [
      "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
      "25c81989df183df01b3e8a0aad5dffbe",
      "bef4ecab320f06d8554ea6380940ec79",
      "bb300cfdad3c16e7a12a480ee83cd310",
    ]),
  },
  cifar10: {
    page: "https://www.cs.toronto.edu/~kriz/cifar.html",
    files: cifar(10, "c32a1d4ab5d03f1284b67883e8d87530"),
  },
  cifar100: {
    page: "https://www.cs.toronto.edu/~kriz/cifar.html",
    files: cifar(100, "03b5dce01913d631647c71ecec9e9cb8"),
  },
  "uci-har": {
    page: "https://archive.ics.uci.edu/dataset/240",
    files: [
      {
        url: "https://archive.ics.uci.edu/static/public/240/human+activity+recognition+using+smartphones.zip",
        name: "human+activity+recognition+using+smartphones.zip",
        checksum: {
          algorithm: "sha256",
          hex: "c00b803081a5c797cd5e4b83700a9810b38d53d9d84e01917e090e1fdbc81031",
        },
        archives: [
          { kind: "zip", keep: /^(?<path>UCI HAR Dataset\.zip)$/ },
          {
            kind: "zip",
            keep: /^(?<path>UCI HAR Dataset\/(?:README|activity_labels|(?:train|test)\/(?:Inertial Signals\/)?[a-z_]+)\.txt)$/,
          },
        ],
      },
    ],
  },
  "realworld-har": {
    page: "https://www.uni-mannheim.de/dws/research/projects/activity-recognition/dataset/dataset-realworld/",
    files: [
      {
        url: "http://wifo5-14.informatik.uni-mannheim.de/sensor/dataset/realworld2016/realworld2016_dataset.zip",
        name: "realworld2016_dataset.zip",
        archives: [
          { kind: "zip", keep: /^(?:[^/]+\/)?(?<path>proband\d+\/data\/(?:acc|gyr)_[a-z]+_csv\.zip)$/ },
        ],
      },
    ],
  },
};
