import { LONGEST_METADATA, readMetadata, writeMetadata } from "./artifactMetadata.ts";
import type { ArtifactMetadata, ExpectedMetadata } from "./artifactMetadata.ts";
import { decodeSafetensors, encodeSafetensors, safetensorsBytes } from "./safetensors.ts";
import type { ModelTensors, TensorSpec } from "./tensors.ts";

export { ARTIFACT_FORMAT, INITIAL_MODEL } from "./artifactMetadata.ts";
export type { ArtifactMetadata, ArtifactRole, SpentBudget } from "./artifactMetadata.ts";

/** A model with what it says about itself. */
export interface Artifact {
  readonly metadata: ArtifactMetadata;
  readonly tensors: ModelTensors;
}

/** What the reader of an artifact knows beforehand; a given field that differs is an error. */
export interface ArtifactExpectation extends ExpectedMetadata {
  readonly specs: readonly TensorSpec[];
}

/**
 * The one canonical byte form of a model (DESIGN.md section 7).
 * @throws {ArtifactError} when the metadata contradict themselves, a tensor does not fit its shape, or a value is not finite.
 */
export function encodeArtifact(metadata: ArtifactMetadata, tensors: ModelTensors): Uint8Array {
  return encodeSafetensors(writeMetadata(metadata), tensors);
}

/**
 * Parses artifact bytes that were already verified against their digest. The tensors may be views of `bytes`.
 * @throws {ArtifactError} naming the broken rule in `facts.fault`.
 */
export function decodeArtifact(bytes: Uint8Array, expectation: ArtifactExpectation): Artifact {
  const { specs, ...expected } = expectation;
  const { metadata, tensors } = decodeSafetensors(bytes, specs);
  return { metadata: readMetadata(metadata, expected), tensors };
}

/** Bytes that no artifact of a model with these specs exceeds: the bound for fetching one. */
export function maxArtifactBytes(specs: readonly TensorSpec[]): number {
  return safetensorsBytes(writeMetadata(LONGEST_METADATA), specs);
}
