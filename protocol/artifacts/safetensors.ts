import canonicalize from "canonicalize";
import { ArtifactError } from "../errors.ts";
import { elementCount } from "./tensors.ts";
import type { ModelTensors, NamedTensor, TensorSpec } from "./tensors.ts";

/** How a tensor's elements are stored. */
export type Dtype = "F32" | "I32" | "I8" | "U8";

/** A tensor of a file that may hold other than float32: float32 where no type is named. */
export interface StoredSpec extends TensorSpec {
  readonly dtype?: Dtype;
}

/** A tensor as the file holds it: little-endian bytes, as many as its shape and type need. */
export interface StoredTensor extends StoredSpec {
  readonly bytes: Uint8Array;
}

/** Which rule of the format some bytes break. Stands as `facts.fault` in the {@link ArtifactError}. */
export type ArtifactFault =
  | "truncated"
  | "trailing-bytes"
  | "header-too-large"
  | "malformed-header"
  | "non-canonical-header"
  | "missing-tensor"
  | "extra-tensor"
  | "wrong-dtype"
  | "wrong-shape"
  | "wrong-offsets"
  | "not-finite"
  | "wrong-indices"
  | "wrong-quantisation"
  | "wrong-metadata";

/** The error for bytes, or a model to be written, that break `fault`. */
export function artifactFault(fault: ArtifactFault, message: string): ArtifactError {
  return new ArtifactError(message, { facts: { fault } });
}

/** Values of `__metadata__`: safetensors knows strings only. */
export type SafetensorsMetadata = Readonly<Record<string, string>>;

const METADATA = "__metadata__";
const MAX_HEADER_BYTES = 1 << 20;
const LENGTH_BYTES = 8;
const FLOAT_BYTES = 4;
const ELEMENT_BYTES: Readonly<Record<Dtype, number>> = { F32: FLOAT_BYTES, I32: 4, I8: 1, U8: 1 };
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Writes the one canonical safetensors file of a model: float32, little endian, tensors contiguous in the given order,
 * header in RFC 8785 form (keys by name, offsets by the given order) padded with spaces to 8 bytes.
 * @throws {ArtifactError} when a tensor's data does not fit its shape, or holds NaN or infinity.
 */
export function encodeSafetensors(metadata: SafetensorsMetadata, tensors: ModelTensors): Uint8Array {
  tensors.forEach(checkFinite);
  const stored = tensors.map(({ name, shape, data }) => ({ name, shape, bytes: floatBytes(data) }));
  return encodeStored(metadata, stored);
}

/**
 * Reads a safetensors file that must hold exactly `specs`, in canonical form: encoding the result gives the same bytes.
 * The tensors are views of `bytes` where alignment and byte order allow, so `bytes` must not be changed afterwards.
 * @throws {ArtifactError} naming the broken rule in `facts.fault`.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  specs: readonly TensorSpec[],
): { metadata: SafetensorsMetadata; tensors: ModelTensors } {
  const { metadata, tensors: stored } = decodeStored(bytes, specs);
  const tensors = stored.map((tensor) => ({
    name: tensor.name,
    shape: tensor.shape,
    data: readFloats(tensor.bytes),
  }));
  tensors.forEach(checkFinite);
  return { metadata, tensors };
}

/**
 * Writes the canonical file of tensors of any stored type.
 * @throws {ArtifactError} when a tensor's bytes do not fit its shape and type.
 */
export function encodeStored(metadata: SafetensorsMetadata, tensors: readonly StoredTensor[]): Uint8Array {
  const header = encodeHeader(metadata, tensors);
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + dataBytes(tensors));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const tensor of tensors) {
    if (tensor.bytes.length !== storedBytes(tensor)) {
      throw artifactFault(
        "wrong-shape",
        `Tensor "${tensor.name}" has ${tensor.bytes.length} bytes, not those of its shape`,
      );
    }
    bytes.set(tensor.bytes, offset);
    offset += tensor.bytes.length;
  }
  return bytes;
}

/**
 * Reads a canonical file that must hold exactly `specs`; what the elements are is left to the caller.
 * @throws {ArtifactError} naming the broken rule in `facts.fault`.
 */
export function decodeStored(
  bytes: Uint8Array,
  specs: readonly StoredSpec[],
): { metadata: SafetensorsMetadata; tensors: readonly StoredTensor[] } {
  const header = headerBytes(bytes);
  const metadata = checkHeader(header, specs);
  let begin = LENGTH_BYTES + header.length;
  const missing = begin + dataBytes(specs) - bytes.length;
  if (missing > 0)
    throw artifactFault("truncated", `The artifact is truncated: ${missing} bytes are missing`);
  if (missing < 0)
    throw artifactFault("trailing-bytes", `The artifact has ${-missing} bytes after its last tensor`);
  const tensors = specs.map((spec) => {
    const end = begin + storedBytes(spec);
    const tensor = { ...spec, bytes: bytes.subarray(begin, end) };
    begin = end;
    return tensor;
  });
  return { metadata, tensors };
}

/** Bytes of the file that {@link encodeStored} writes for this metadata and these specs. */
export function safetensorsBytes(metadata: SafetensorsMetadata, specs: readonly StoredSpec[]): number {
  return LENGTH_BYTES + encodeHeader(metadata, specs).length + dataBytes(specs);
}

function dataBytes(specs: readonly StoredSpec[]): number {
  return specs.reduce((sum, spec) => sum + storedBytes(spec), 0);
}

function storedBytes({ shape, dtype = "F32" }: StoredSpec): number {
  return elementCount(shape) * ELEMENT_BYTES[dtype];
}

function encodeHeader(metadata: SafetensorsMetadata, specs: readonly StoredSpec[]): Uint8Array {
  let begin = 0;
  const entries = specs.map((spec): [string, unknown] => {
    const end = begin + storedBytes(spec);
    const entry = { dtype: spec.dtype ?? "F32", shape: spec.shape, data_offsets: [begin, end] };
    begin = end;
    return [spec.name, entry];
  });
  const names = new Set([METADATA, ...specs.map(({ name }) => name)]);
  if (names.size !== specs.length + 1)
    throw artifactFault("extra-tensor", "A tensor's name is reserved or appears twice");
  const text = canonicalText(Object.fromEntries([[METADATA, metadata], ...entries]));
  const json = new TextEncoder().encode(text);
  const header = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json);
  if (header.length > MAX_HEADER_BYTES) throw headerTooLarge(header.length);
  return header;
}

function canonicalText(header: object): string {
  try {
    return canonicalize(header) ?? "";
  } catch (cause) {
    throw new ArtifactError("The header has no canonical form", {
      facts: { fault: "malformed-header" },
      cause,
    });
  }
}

/** Cuts the header out of the file, whatever it says. */
function headerBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length < LENGTH_BYTES)
    throw artifactFault("truncated", "The artifact is truncated: it has no header length");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw headerTooLarge(length);
  const header = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + Number(length));
  if (header.length < Number(length))
    throw artifactFault("truncated", "The artifact is truncated: its header is cut off");
  return header;
}

function headerTooLarge(length: number | bigint): ArtifactError {
  return artifactFault(
    "header-too-large",
    `The artifact's header has ${length} bytes, but at most ${MAX_HEADER_BYTES} are allowed`,
  );
}

/** Names the first way in which the header differs from the canonical header of `specs`; returns its metadata. */
function checkHeader(bytes: Uint8Array, specs: readonly StoredSpec[]): SafetensorsMetadata {
  const header = parseHeader(bytes);
  const metadata = header.get(METADATA);
  if (!isStringRecord(metadata))
    throw artifactFault("wrong-metadata", "The artifact's __metadata__ is not a map of strings");
  header.delete(METADATA);
  let begin = 0;
  for (const spec of specs) {
    const end = begin + storedBytes(spec);
    checkEntry(spec, header.get(spec.name), [begin, end]);
    header.delete(spec.name);
    begin = end;
  }
  for (const name of header.keys())
    throw artifactFault("extra-tensor", `Tensor "${name}" is not in the manifest`);
  const canonical = encodeHeader(metadata, specs);
  if (bytes.length !== canonical.length || bytes.some((byte, i) => byte !== canonical[i])) {
    throw artifactFault(
      "non-canonical-header",
      "The artifact's header is not in canonical form (RFC 8785, padded to 8 bytes)",
    );
  }
  return metadata;
}

function parseHeader(bytes: Uint8Array): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new ArtifactError("The artifact's header is not JSON", {
      facts: { fault: "malformed-header" },
      cause,
    });
  }
  if (!isRecord(value)) throw artifactFault("malformed-header", "The artifact's header is not a JSON object");
  return new Map(Object.entries(value));
}

function checkEntry(
  { name, shape, dtype = "F32" }: StoredSpec,
  entry: unknown,
  offsets: readonly [number, number],
): void {
  if (entry === undefined) throw artifactFault("missing-tensor", `Tensor "${name}" is missing`);
  if (!isRecord(entry)) throw artifactFault("malformed-header", `Tensor "${name}" has no description`);
  if (entry["dtype"] !== dtype) throw artifactFault("wrong-dtype", `Tensor "${name}" is not ${dtype}`);
  if (!isSame(entry["shape"], shape)) {
    throw artifactFault("wrong-shape", `Tensor "${name}" does not have the shape [${shape.join(", ")}]`);
  }
  if (!isSame(entry["data_offsets"], offsets)) {
    throw artifactFault(
      "wrong-offsets",
      `Tensor "${name}" is not at bytes ${offsets.join(" to ")}: gap or overlap`,
    );
  }
}

/** @throws {ArtifactError} naming the first value that is not finite. */
export function checkFinite({ name, data }: NamedTensor): void {
  // A sum without branches: x * 0 is 0 for each finite x, else NaN. To look at each of a few million weights costs more
  // than hashing them.
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += (data[index] ?? 0) * 0;
  if (sum === 0) return;
  const index = data.findIndex((value) => !Number.isFinite(value));
  throw artifactFault("not-finite", `Tensor "${name}" holds ${data[index]} at index ${index}`);
}

/** A view of the floats where the machine is little-endian, else a copy. */
export function floatBytes(data: Float32Array): Uint8Array {
  if (LITTLE_ENDIAN) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const view = new DataView(new ArrayBuffer(data.byteLength));
  data.forEach((value, i) => view.setFloat32(i * FLOAT_BYTES, value, true));
  return new Uint8Array(view.buffer);
}

/** A view of the bytes where alignment and byte order allow, else a copy. */
export function readFloats(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset: start } = bytes;
  const count = bytes.length / FLOAT_BYTES;
  if (LITTLE_ENDIAN && start % FLOAT_BYTES === 0) return new Float32Array(buffer, start, count);
  const view = new DataView(buffer, start);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * FLOAT_BYTES, true));
}

function isSame(value: unknown, expected: readonly number[]): boolean {
  return Array.isArray(value) && value.length === expected.length && expected.every((n, i) => value[i] === n);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string");
}
