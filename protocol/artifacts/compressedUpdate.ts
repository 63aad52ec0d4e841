import { decodeArtifact, encodeArtifact, maxArtifactBytes } from "./artifact.ts";
import type { Artifact, ArtifactExpectation, ArtifactMetadata } from "./artifact.ts";
import { LONGEST_METADATA, readMetadata, writeMetadata } from "./artifactMetadata.ts";
import { decodeIndexSet, encodeIndexSet } from "./compression/indexSet.ts";
import { largest } from "./compression/largest.ts";
import { checkQuantised, checkScale, quantise, scaleOf } from "./compression/quantise.ts";
import { keptRanges, statisticName, updateLayout } from "./compression/updateLayout.ts";
import type { CompressedTerms, KeptRange, UpdateLayout } from "./compression/updateLayout.ts";
import type { CompressionTerms } from "../manifest/compressionTerms.ts";
import {
  artifactFault,
  checkFinite,
  decodeStored,
  encodeStored,
  floatBytes,
  readFloats,
  safetensorsBytes,
} from "./safetensors.ts";
import type { SafetensorsMetadata } from "./safetensors.ts";
import { elementCount, isStatistic } from "./tensors.ts";
import type { ModelTensors, NamedTensor, TensorSpec } from "./tensors.ts";

/** An update as it is stored, as everyone will read it, and what it leaves unsaid. */
export interface EncodedUpdate {
  readonly bytes: Uint8Array;
  /** What {@link decodeUpdate} gives for the bytes: the node's part in the aggregate. */
  readonly decoded: ModelTensors;
  /** The error of the compression by trainable tensor, to be added to the node's next update; none without compression. */
  readonly residual: ModelTensors | undefined;
}

/**
 * Writes what a node trained as its task's terms want it. Compressed, it is the change against the global model,
 * c = e + (w_k - w_G^{t-1}), of which the `k` greatest of all trainable weights together are kept, each as it is or as a
 * multiple of its tensor's step. All weights compete, since that leaves the least error that k weights can leave; a layer
 * with small changes comes to its turn through the residual e, which is what is left of c (error feedback: Seide et al.
 * 2014; Stich et al. 2018, Algorithm 1; Karimireddy et al. 2019, Algorithm 2). Statistics of batch normalisation are
 * stored as they are. All arithmetic is float64, rounded once to float32.
 *
 * @param base w_G^{t-1}, also where training started from a personalised model.
 * @param residual e, of the node's last accepted update; zero if absent.
 * @throws {ArtifactError} when a value is not finite, or local, base and residual have different tensors.
 */
export function encodeUpdate(
  metadata: ArtifactMetadata,
  local: ModelTensors,
  base: ModelTensors,
  terms: CompressionTerms,
  residual?: ModelTensors,
): EncodedUpdate {
  if (terms.kind === "none")
    return { bytes: encodeArtifact(metadata, local), decoded: local, residual: undefined };
  const layout = updateLayout(local, terms);
  const change = changeOf(local, base, layout, residual);
  const indices = layout.isSparse ? largest(change, layout.kept) : undefined;
  const sections = new Map<string, Uint8Array>();
  if (indices !== undefined) sections.set("indices", encodeIndexSet(indices, layout.size));
  const values = indices === undefined ? change : Float32Array.from(indices, (index) => change[index] ?? 0);
  if (layout.isQuantised) {
    const { steps, scales } = quantiseAll(values, keptRanges(indices, layout));
    sections.set("scales", floatBytes(scales)).set("values", new Uint8Array(steps.buffer));
  } else sections.set("values", floatBytes(values));
  for (const tensor of local.filter(isStatistic)) {
    checkFinite(tensor);
    sections.set(statisticName(tensor), floatBytes(tensor.data));
  }
  const stored = layout.sections.map((spec) => ({
    ...spec,
    bytes: sections.get(spec.name) ?? new Uint8Array(),
  }));
  const bytes = encodeStored(compressedMetadata(metadata, terms), stored);
  const decoded = decodeUpdate(bytes, { specs: local }, base, terms).tensors;
  return { bytes, decoded, residual: whatIsLeft(change, decoded, base) };
}

/**
 * Reads an update whose bytes were already verified against their digest, as a model: w_G^{t-1} plus the change.
 * @param base w_G^{t-1} by the specs; not looked at without compression.
 * @throws {ArtifactError} naming the broken rule in `facts.fault`: each byte is determined by the terms or checked.
 */
export function decodeUpdate(
  bytes: Uint8Array,
  expectation: ArtifactExpectation,
  base: ModelTensors,
  terms: CompressionTerms,
): Artifact {
  if (terms.kind === "none") return decodeArtifact(bytes, expectation);
  const { specs, ...expected } = expectation;
  const layout = updateLayout(specs, terms);
  const { metadata: strings, tensors } = decodeStored(bytes, layout.sections);
  const { compression, ...rest } = strings;
  if (compression !== terms.kind)
    throw artifactFault("wrong-metadata", `The update's compression is ${compression}, not ${terms.kind}`);
  const metadata = readMetadata(rest, expected);
  const sections = new Map(tensors.map((tensor) => [tensor.name, tensor.bytes]));
  const section = (name: string): Uint8Array => sections.get(name) ?? new Uint8Array();
  const decoded = specs.map((spec): NamedTensor => {
    const { name, shape } = spec;
    if (isStatistic(spec)) return { name, shape, data: readFloats(section(statisticName(spec))) };
    return { name, shape, data: Float32Array.from(tensorOf(base, spec)) };
  });
  const indices = layout.isSparse ? decodeIndexSet(section("indices"), layout.kept, layout.size) : undefined;
  const trained = decoded.filter((tensor) => !isStatistic(tensor)).map(({ data }) => data);
  const { buffer, byteOffset, length } = section("values");
  const values = layout.isQuantised
    ? new Int8Array(buffer, byteOffset, length)
    : readFloats(section("values"));
  const scales = layout.isQuantised ? readFloats(section("scales")) : undefined;
  scales?.forEach(checkScale);
  for (const [tensor, { from, to, start }] of keptRanges(indices, layout).entries()) {
    const [data = new Float32Array(), scale = 1] = [trained[tensor], scales?.[tensor]];
    for (let place = from; place < to; place++) {
      const element = (indices === undefined ? place : (indices[place] ?? 0)) - start;
      const value = values[place] ?? 0;
      if (layout.isQuantised) checkQuantised(value, scale);
      data[element] = (data[element] ?? 0) + value * scale;
    }
  }
  decoded.forEach(checkFinite);
  return { metadata, tensors: decoded };
}

/** Bytes that no update under these terms exceeds; all compressed ones of a task have the same, but for the metadata. */
export function maxUpdateBytes(specs: readonly TensorSpec[], terms: CompressionTerms): number {
  if (terms.kind === "none") return maxArtifactBytes(specs);
  return safetensorsBytes(compressedMetadata(LONGEST_METADATA, terms), updateLayout(specs, terms).sections);
}

function compressedMetadata(metadata: ArtifactMetadata, { kind }: CompressedTerms): SafetensorsMetadata {
  return { ...writeMetadata(metadata), compression: kind };
}

/** c = e + (w_k - w_G^{t-1}), the trainable tensors one after another. */
function changeOf(
  local: ModelTensors,
  base: ModelTensors,
  { size }: UpdateLayout,
  residual: ModelTensors | undefined,
): Float32Array {
  const change = new Float32Array(size);
  let offset = 0;
  for (const tensor of local.filter((candidate) => !isStatistic(candidate))) {
    const from = tensorOf(base, tensor);
    const left = residual && tensorOf(residual, tensor);
    const { data } = tensor;
    // Plain loops here and below: with a callback for each of a few million weights they take seconds.
    for (let i = 0; i < data.length; i++)
      change[offset + i] = (left?.[i] ?? 0) + ((data[i] ?? 0) - (from[i] ?? 0));
    offset += tensor.data.length;
  }
  checkFinite({ name: "change", shape: [size], data: change });
  return change;
}

/** c - (decoded - w_G^{t-1}): what was dropped, and what rounding took. */
function whatIsLeft(change: Float32Array, decoded: ModelTensors, base: ModelTensors): ModelTensors {
  let offset = 0;
  return decoded
    .filter((tensor) => !isStatistic(tensor))
    .map((tensor) => {
      const { name, shape, data } = tensor;
      const from = tensorOf(base, tensor);
      const left = new Float32Array(data.length);
      for (let i = 0; i < data.length; i++)
        left[i] = (change[offset + i] ?? 0) - ((data[i] ?? 0) - (from[i] ?? 0));
      offset += data.length;
      return { name, shape, data: left };
    });
}

/** The kept values in steps, and the step of each tensor. */
function quantiseAll(
  values: Float32Array,
  ranges: readonly KeptRange[],
): { readonly steps: Int8Array; readonly scales: Float32Array } {
  const steps = new Int8Array(values.length);
  const scales = Float32Array.from(ranges, ({ from, to }) => {
    let greatest = 0;
    for (let place = from; place < to; place++) greatest = Math.max(greatest, Math.abs(values[place] ?? 0));
    const scale = scaleOf(greatest);
    for (let place = from; place < to; place++) steps[place] = quantise(values[place] ?? 0, scale);
    return scale;
  });
  return { steps, scales };
}

/** The tensor's values in another model. @throws {ArtifactError} when it is not there or has another size. */
function tensorOf(model: ModelTensors, { name, shape }: TensorSpec): Float32Array {
  const data = model.find((tensor) => tensor.name === name)?.data;
  if (data?.length !== elementCount(shape))
    throw artifactFault("wrong-shape", `Tensor "${name}" is not in the model that the change is against`);
  return data;
}
