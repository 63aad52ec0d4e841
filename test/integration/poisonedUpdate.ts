import { decodeArtifact, encodeArtifact, INITIAL_MODEL } from "#protocol/artifacts/artifact";
import type { Digest, NodeId, TaskId } from "#protocol/ids";
import type { TaskManifest } from "#protocol/manifest/manifest";

/** An update whose last weight is NaN and which is otherwise in order: our encoder would refuse to write it. */
export function withNotANumber(
  initialModel: Uint8Array,
  manifest: TaskManifest,
  of: { task: TaskId; round: number; node: NodeId; base: Digest },
): Uint8Array {
  const { tensors } = decodeArtifact(initialModel, { specs: manifest.model.tensors, ...INITIAL_MODEL });
  const bytes = encodeArtifact({ role: "update", ...of }, tensors);
  new DataView(bytes.buffer, bytes.byteOffset).setFloat32(bytes.length - 4, Number.NaN, true);
  return bytes;
}
