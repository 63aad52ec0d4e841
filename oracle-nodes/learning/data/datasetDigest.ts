import { createHash, type Hash } from "node:crypto";
import type { Dataset, Split } from "./dataset.ts";

/** SHA-256 of a dataset's name, shape and all its records: 0x and 64 hex digits. */
export function datasetDigest({ name, inputShape, classes, train, test }: Dataset): string {
  const hash = createHash("sha256").update(
    JSON.stringify([name, inputShape, classes, train.count, test.count]),
  );
  for (const split of [train, test]) addSplit(hash, split);
  return `0x${hash.digest("hex")}`;
}

/**
 * SHA-256 of records of a split, in hex: what a record is, wherever it stands in its file.
 * @param indices Which records; all of them by default.
 */
export function recordDigests(split: Split, indices?: readonly number[]): string[] {
  const size = split.count === 0 ? 0 : split.features.length / split.count;
  const digestOf = (index: number): string => {
    const hash = createHash("sha256");
    hash.update(JSON.stringify([split.labels[index], split.targets?.[index], split.subjects?.[index]]));
    hash.update(bytesOf(split.features.subarray(index * size, (index + 1) * size)));
    return hash.digest("hex");
  };
  return indices?.map(digestOf) ?? Array.from({ length: split.count }, (_, index) => digestOf(index));
}

function addSplit(hash: Hash, { features, labels, targets, subjects }: Split): void {
  hash.update(bytesOf(features)).update(bytesOf(Uint16Array.from(labels)));
  if (targets !== undefined) hash.update(bytesOf(targets));
  if (subjects !== undefined) hash.update(bytesOf(subjects));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
