import { sha256, toUtf8Bytes } from "ethers";
import canonicalize from "canonicalize";
import { InputError } from "@concordat/protocol/errors";
import type { Dataset } from "../data/dataset.ts";
import { classPartition } from "./classPartition.ts";
import type { ClassesSpec, PartitionSpec } from "./scheme.ts";
import { shareOut } from "./shareOut.ts";
import type { NodePartition, Partition } from "./nodePartition.ts";

/** A dataset and how it is divided. Equal options give equal partitions on every machine. */
export type PartitionOptions = PartitionSpec & { readonly dataset: Dataset };

/** Divides a dataset among all nodes. @throws {InputError} when the numbers do not fit each other or the dataset. */
export function partition({ dataset, ...spec }: PartitionOptions): Partition {
  checkNode(spec, 0);
  const nodes = isByClasses(spec)
    ? Array.from({ length: spec.nodes }, (_, node) => classPartition(dataset, spec, node))
    : shareOut(dataset, spec);
  return { nodes, digest: partitionDigest(nodes) };
}

/** One node's part of {@link partition}. @throws {InputError} as it does, and when there is no such node. */
export function partitionNode({ dataset, ...spec }: PartitionOptions, node: number): NodePartition {
  checkNode(spec, node);
  if (isByClasses(spec)) return classPartition(dataset, spec, node);
  const part = shareOut(dataset, spec)[node];
  if (part === undefined) throw new RangeError(`shareOut gave no node ${node}`);
  return part;
}

/** The digest of all nodes' data: 0x and 64 hex digits. */
export function partitionDigest(nodes: readonly NodePartition[]): string {
  return sha256(toUtf8Bytes(canonicalize(nodes) ?? ""));
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
      hint: `Give a number from 0 to ${nodes - 1}`,
    });
  }
}
