import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { InputError } from "../../../protocol/errors.ts";
import type { Dataset } from "./dataset.ts";
import { classHand } from "./partition/classHands.ts";
import type { ClassesSpec, PartitionSpec } from "./partition/scheme.ts";
import { shareOut } from "./partition/shareOut.ts";

/** The skews of paper 1, section 4.3: images per foreign class as a share of `testPerClass`, in basis points. */
export const SKEW_LEVELS_BPS = [500, 1000, 1500, 2000] as const;

/** A dataset and how it is divided. Equal options give equal partitions on every machine. */
export type PartitionOptions = PartitionSpec & { readonly dataset: Dataset };

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

/** Divides a dataset among all nodes. @throws {InputError} when the numbers do not fit each other or the dataset. */
export function partition({ dataset, ...spec }: PartitionOptions): Partition {
  checkNode(spec, 0);
  const nodes = isByClasses(spec)
    ? Array.from({ length: spec.nodes }, (_, node) => classHand(dataset, spec, node))
    : shareOut(dataset, spec);
  return { nodes, digest: partitionDigest(nodes) };
}

/** One node's part of {@link partition}. @throws {InputError} as it does, and when there is no such node. */
export function partitionNode({ dataset, ...spec }: PartitionOptions, node: number): NodePartition {
  checkNode(spec, node);
  if (isByClasses(spec)) return classHand(dataset, spec, node);
  const part = shareOut(dataset, spec)[node];
  if (part === undefined) throw new RangeError(`shareOut gave no node ${node}`);
  return part;
}

/** The digest of all nodes' data: 0x and 64 hex digits. */
export function partitionDigest(nodes: readonly NodePartition[]): string {
  return `0x${createHash("sha256")
    .update(canonicalize(nodes) ?? "")
    .digest("hex")}`;
}

function isByClasses(spec: PartitionSpec): spec is ClassesSpec {
  return spec.kind === undefined || spec.kind === "classes";
}

function checkNode({ nodes }: PartitionSpec, node: number): void {
  if (!Number.isInteger(nodes) || nodes < 1) {
    throw new InputError(`nodes is ${nodes}`, { hint: "Give a whole number from 1" });
  }
  if (!Number.isInteger(node) || node < 0 || node >= nodes) {
    throw new InputError(`There is no node ${node} in a partition of ${nodes}`, {
      hint: `Give 0 to ${nodes - 1}`,
    });
  }
}
