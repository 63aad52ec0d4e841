import { encodeArtifact } from "@concordat/protocol/artifacts/artifact";
import { nodeId, taskId, ZERO_DIGEST } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";

/** Bytes of a model as the artifact that a node sends in a round, header and all. */
export function updateBytes(tensors: ModelTensors, round: number, member: number): number {
  const metadata = {
    role: "update",
    task: taskId(1),
    round,
    node: nodeId(member),
    base: ZERO_DIGEST,
  } as const;
  return encodeArtifact(metadata, tensors).length;
}

/** Bytes of a round's global model as an artifact, header and all. */
export function globalBytes(tensors: ModelTensors, round: number): number {
  const metadata = { role: "global", task: taskId(1), round, node: 0, base: ZERO_DIGEST } as const;
  return encodeArtifact(metadata, tensors).length;
}
