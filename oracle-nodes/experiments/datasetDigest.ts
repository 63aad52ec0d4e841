import { createHash } from "node:crypto";
import type { Dataset } from "@concordat/learning/data/dataset";

/** SHA-256 over all records of a dataset, features and labels of the training file and then of the test file. */
export function digestOfDataset({ train, test }: Dataset): string {
  const hash = createHash("sha256");
  for (const { features, labels } of [train, test]) {
    for (const { buffer, byteOffset, byteLength } of [features, labels])
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return `0x${hash.digest("hex")}`;
}
