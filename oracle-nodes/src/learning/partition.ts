import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { InputError } from "../../../protocol/errors.ts";
import type { Dataset, Split } from "./dataset.ts";
import { SeededRandom } from "./seededRandom.ts";

/** The skews of paper 1, section 4.3: images per foreign class as a share of `testPerClass`, in basis points. */
export const SKEW_LEVELS_BPS = [500, 1000, 1500, 2000] as const;

/** What a partition depends on, besides the node. Equal options give equal partitions on every machine. */
export interface PartitionOptions {
  readonly dataset: Dataset;
  /** K, the number of nodes that share the dataset. */
  readonly nodes: number;
  readonly seed: number;
  /** Classes that a node sees, 4 in paper 1. */
  readonly classesPerNode?: number;
  /** Images of each class for training, 150 in paper 1. */
  readonly trainPerClass?: number;
  /** Images of each class for the negotiation's scores, from the training file, apart from the training images. */
  readonly validationPerClass?: number;
  /** Images of each class in the reported test split, from the test file, 50 in paper 1. */
  readonly testPerClass?: number;
}

/** A test split with images of classes that the node never trained on. */
export interface SkewedTest {
  /** The nominal skew: floor(testPerClass * levelBps / 10,000) images of each foreign class. */
  readonly levelBps: number;
  /** The true share of foreign images in basis points, rounded down (paper 1 calls 5.7 % "5 %"). */
  readonly shareBps: number;
  /** The node's test images and then the foreign ones, as indices into the test file. */
  readonly test: readonly number[];
}

/** One node's data, as indices into the dataset's files. Nodes draw independently and may share images. */
export interface NodePartition {
  /** 0-based position of the node, below `nodes`. */
  readonly node: number;
  /** Its classes, ascending. */
  readonly classes: readonly number[];
  /** Indices into the training file, disjoint from `validation`. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Indices into the test file. */
  readonly test: readonly number[];
  readonly skewed: readonly SkewedTest[];
}

/** All nodes' data. */
export interface Partition {
  readonly nodes: readonly NodePartition[];
  /** SHA-256 of the canonical JSON of `nodes`: 0x and 64 hex digits. */
  readonly digest: string;
}

/** Divides a dataset among all nodes: {@link partitionNode} for each of them. @throws {InputError} as it does. */
export function partition(options: PartitionOptions): Partition {
  checkOptions(options, 0);
  const nodes = Array.from({ length: options.nodes }, (_, node) => partitionNode(options, node));
  return {
    nodes,
    digest: `0x${createHash("sha256")
      .update(canonicalize(nodes) ?? "")
      .digest("hex")}`,
  };
}

/**
 * The data of one node, non-IID as in paper 1, section 4.1: a few classes, equally many images of each.
 * Classes are dealt like cards from shuffled decks of all classes, so that nodes * classesPerNode >= classes covers
 * every class, and no class is seen by many nodes more than another.
 *
 * @throws {InputError} when the numbers do not fit each other or the dataset.
 */
export function partitionNode(options: PartitionOptions, node: number): NodePartition {
  const { dataset, seed } = options;
  const { classesPerNode, trainPerClass, validationPerClass, testPerClass } = checkOptions(options, node);
  const classes = dealClasses(dataset.classes, classesPerNode, seed, node);
  const draw = (split: Split, label: number, count: number, purpose: string) =>
    drawOfClass(split, label, count, new SeededRandom(seed, "partition", purpose, node, label));

  const train: number[] = [];
  const validation: number[] = [];
  const test: number[] = [];
  for (const label of classes) {
    const drawn = draw(dataset.train, label, trainPerClass + validationPerClass, "train");
    train.push(...drawn.slice(0, trainPerClass));
    validation.push(...drawn.slice(trainPerClass));
    test.push(...draw(dataset.test, label, testPerClass, "test"));
  }
  const foreign = Array.from({ length: dataset.classes }, (_, label) => label).filter(
    (c) => !classes.includes(c),
  );
  const skewed = SKEW_LEVELS_BPS.map((levelBps): SkewedTest => {
    const perClass = Math.floor((testPerClass * levelBps) / 10_000);
    const extra = foreign.flatMap((label) => draw(dataset.test, label, perClass, `skew ${levelBps}`));
    const shareBps = Math.floor((10_000 * extra.length) / (test.length + extra.length));
    return { levelBps, shareBps, test: [...test, ...extra] };
  });
  return { node, classes, train, validation, test, skewed };
}

function checkOptions(options: PartitionOptions, node: number) {
  const {
    nodes,
    classesPerNode = 4,
    trainPerClass = 150,
    validationPerClass = 50,
    testPerClass = 50,
  } = options;
  const counts = { nodes, classesPerNode, trainPerClass, validationPerClass, testPerClass };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) {
      throw new InputError(`${name} is ${count}`, { hint: "Give a whole number from 1" });
    }
  }
  if (!Number.isInteger(node) || node < 0 || node >= nodes) {
    throw new InputError(`There is no node ${node} in a partition of ${nodes}`, {
      hint: `Give 0 to ${nodes - 1}`,
    });
  }
  if (classesPerNode > options.dataset.classes) {
    throw new InputError(
      `${options.dataset.name} has ${options.dataset.classes} classes, not ${classesPerNode}`,
      {
        hint: "Give each node fewer classes",
      },
    );
  }
  return counts;
}

/** Deals hands of `count` different classes to nodes 0..node and returns the last hand, ascending. */
function dealClasses(classes: number, count: number, seed: number, node: number): number[] {
  const random = new SeededRandom(seed, "partition", "classes");
  const deck: number[] = [];
  let hand: number[] = [];
  for (let dealt = 0; dealt <= node; dealt++) {
    hand = [];
    while (hand.length < count) {
      let card = deck.findIndex((label) => !hand.includes(label));
      if (card < 0) {
        card = deck.length;
        deck.push(...random.shuffle(Array.from({ length: classes }, (_, label) => label)));
        card += deck.slice(card).findIndex((label) => !hand.includes(label));
      }
      hand.push(...deck.splice(card, 1));
    }
  }
  return hand.toSorted((a, b) => a - b);
}

function drawOfClass(split: Split, label: number, count: number, random: SeededRandom): number[] {
  const members: number[] = [];
  split.labels.forEach((found, index) => found === label && members.push(index));
  if (members.length < count) {
    throw new InputError(
      `The dataset has ${members.length} images of class ${label} in a split, ${count} are needed`,
      {
        hint: "Ask for fewer images per class, or give more data files",
      },
    );
  }
  return random.sample(members, count);
}
