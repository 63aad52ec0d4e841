import canonicalize from "canonicalize";
import { ArtifactError } from "./errors.ts";
import { elementCount } from "./tensors.ts";
import type { ModelTensors, NamedTensor, TensorSpec } from "./tensors.ts";

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
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Writes the one canonical safetensors file of a model: float32, little endian, tensors contiguous in the given order,
 * header in RFC 8785 form (keys by name, offsets by the given order) padded with spaces to 8 bytes.
 * @throws {ArtifactError} when a tensor's data does not fit its shape, or holds NaN or infinity.
 */
export function encodeSafetensors(metadata: SafetensorsMetadata, tensors: ModelTensors): Uint8Array {
  const header = encodeHeader(metadata, tensors);
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + dataBytes(tensors));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const tensor of tensors) {
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw artifactFault(
        "wrong-shape",
        `Tensor "${tensor.name}" has ${tensor.data.length} values, not those of its shape`,
      );
    }
    checkFinite(tensor);
    writeFloats(bytes, offset, tensor.data);
    offset += tensor.data.length * FLOAT_BYTES;
  }
  return bytes;
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
  const header = headerBytes(bytes);
  const metadata = checkHeader(header, specs);
  const start = LENGTH_BYTES + header.length;
  const missing = start + dataBytes(specs) - bytes.length;
  if (missing > 0)
    throw artifactFault("truncated", `The artifact is truncated: ${missing} bytes are missing`);
  if (missing < 0)
    throw artifactFault("trailing-bytes", `The artifact has ${-missing} bytes after its last tensor`);
  let offset = start;
  const tensors = specs.map(({ name, shape }) => {
    const count = elementCount(shape);
    const tensor = { name, shape, data: readFloats(bytes, offset, count) };
    offset += count * FLOAT_BYTES;
    checkFinite(tensor);
    return tensor;
  });
  return { metadata, tensors };
}

/** Bytes of the file that {@link encodeSafetensors} writes for this metadata and these specs. */
export function safetensorsBytes(metadata: SafetensorsMetadata, specs: readonly TensorSpec[]): number {
  return LENGTH_BYTES + encodeHeader(metadata, specs).length + dataBytes(specs);
}

function dataBytes(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + elementCount(shape) * FLOAT_BYTES, 0);
}

function encodeHeader(metadata: SafetensorsMetadata, specs: readonly TensorSpec[]): Uint8Array {
  let begin = 0;
  const entries = specs.map(({ name, shape }): [string, unknown] => {
    const end = begin + elementCount(shape) * FLOAT_BYTES;
    const entry = { dtype: "F32", shape, data_offsets: [begin, end] };
    begin = end;
    return [name, entry];
  });
  const names = new Set([METADATA, ...specs.map(({ name }) => name)]);
  if (names.size !== specs.length + 1)
    throw artifactFault("extra-tensor", "A tensor's name is reserved or stands twice");
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
    `The artifact's header has ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed`,
  );
}

/** Names the first way in which the header differs from the canonical header of `specs`; returns its metadata. */
function checkHeader(bytes: Uint8Array, specs: readonly TensorSpec[]): SafetensorsMetadata {
  const header = parseHeader(bytes);
  const metadata = header.get(METADATA);
  if (!isStringRecord(metadata))
    throw artifactFault("wrong-metadata", "The artifact's __metadata__ is not a map of strings");
  header.delete(METADATA);
  let begin = 0;
  for (const { name, shape } of specs) {
    const end = begin + elementCount(shape) * FLOAT_BYTES;
    checkEntry(name, header.get(name), shape, [begin, end]);
    header.delete(name);
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
  name: string,
  entry: unknown,
  shape: readonly number[],
  offsets: readonly [number, number],
): void {
  if (entry === undefined) throw artifactFault("missing-tensor", `Tensor "${name}" is missing`);
  if (!isRecord(entry)) throw artifactFault("malformed-header", `Tensor "${name}" has no description`);
  if (entry["dtype"] !== "F32") throw artifactFault("wrong-dtype", `Tensor "${name}" is not float32`);
  if (!isSame(entry["shape"], shape)) {
    throw artifactFault("wrong-shape", `Tensor "${name}" does not have the shape [${shape.join(", ")}]`);
  }
  if (!isSame(entry["data_offsets"], offsets)) {
    throw artifactFault(
      "wrong-offsets",
      `Tensor "${name}" does not stand at bytes ${offsets.join(" to ")}: gap or overlap`,
    );
  }
}

function checkFinite({ name, data }: NamedTensor): void {
  // A plain loop: with a callback for each of a few million weights this check costs more than hashing them.
  for (let index = 0; index < data.length; index++) {
    if (!Number.isFinite(data[index])) {
      throw artifactFault("not-finite", `Tensor "${name}" holds ${data[index]} at index ${index}`);
    }
  }
}

function writeFloats(bytes: Uint8Array, offset: number, data: Float32Array): void {
  if (LITTLE_ENDIAN) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    return;
  }
  const view = new DataView(bytes.buffer, offset);
  data.forEach((value, i) => view.setFloat32(i * FLOAT_BYTES, value, true));
}

function readFloats(bytes: Uint8Array, offset: number, count: number): Float32Array {
  const start = bytes.byteOffset + offset;
  if (LITTLE_ENDIAN && start % FLOAT_BYTES === 0) return new Float32Array(bytes.buffer, start, count);
  const view = new DataView(bytes.buffer, start);
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
