/** The skews of paper 1, section 4.3: images per foreign class as a share of `testPerClass`, in basis points. */
export const SKEW_LEVELS_BPS = [500, 1000, 1500, 2000] as const;

/** A test split with records of classes that the node never trained on. */
export interface SkewedTest {
  /** The nominal skew: floor(testPerClass * levelBps / 10,000) records of each foreign class. */
  readonly levelBps: number;
  /** The true share of foreign records in basis points, rounded down (paper 1 calls 5.7 % "5 %"). */
  readonly shareBps: number;
  /** The node's test records and then the foreign ones, as indices into the test file. */
  readonly test: readonly number[];
}

/** One node's data, as indices into the dataset's files. */
export interface NodePartition {
  /** 0-based position of the node, below `nodes`. */
  readonly node: number;
  /** The classes that it trains on, ascending. */
  readonly classes: readonly number[];
  /** Indices into the training file, disjoint from `validation`. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Indices into the test file. */
  readonly test: readonly number[];
  /** Empty where there are no classes but a number to predict. */
  readonly skewed: readonly SkewedTest[];
}

/** All nodes' data. */
export interface Partition {
  readonly nodes: readonly NodePartition[];
  /** SHA-256 of the canonical JSON of `nodes`: 0x and 64 hex digits. */
  readonly digest: string;
}
