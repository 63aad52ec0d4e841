import { createHash } from "node:crypto";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";

/** SHA-256 over names, shapes and values: equal exactly when the models are. */
export function digestOfModel(tensors: ModelTensors): string {
  const hash = createHash("sha256");
  for (const { name, shape, data } of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `0x${hash.digest("hex")}`;
}
