import { open, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ConcordatError } from "@concordat/protocol/errors";
import {
  encodeSafetensors,
  encodeStored,
  floatBytes,
  readFloats,
  type StoredTensor,
} from "@concordat/protocol/artifacts/safetensors";
import {
  elementCount,
  type ModelTensors,
  type NamedTensor,
  type TensorSpec,
} from "@concordat/protocol/artifacts/tensors";
import { batchMaker, type Samples } from "#data/samples";

/** Bytes that a header has at most, and that a file may have beside its tensors. */
const MAX_HEADER_BYTES = 1 << 20;
const LENGTH_BYTES = 8;

const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.string().optional(),
    shape: z.array(z.number()).optional(),
    data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]).optional(),
  }),
);

/** Writes weights for a program to read. */
export async function writeWeights(path: string, tensors: ModelTensors): Promise<void> {
  await writeFile(path, encodeSafetensors({}, tensors), { mode: 0o600 });
}

/**
 * Writes samples for a program to read: `inputs` [n, ...inputShape] float32, normalised, with `labels` [n] int32, or in a
 * regression `targets` [n] float32.
 */
export async function writeSamples(path: string, samples: Samples): Promise<void> {
  const { inputs, labels, targets, size } = batchMaker(samples)(samples.indices);
  const answers: StoredTensor =
    targets === undefined
      ? { name: "labels", shape: [size], dtype: "I32", bytes: int32Bytes(labels) }
      : { name: "targets", shape: [size], bytes: floatBytes(targets) };
  const shape = [size, ...samples.inputShape];
  const bytes = encodeStored({}, [{ name: "inputs", shape, bytes: floatBytes(inputs) }, answers]);
  await writeFile(path, bytes, { mode: 0o600 });
}

/**
 * Reads the weights that a program wrote. Any safetensors library may have written the file: order, metadata and padding
 * are its own, but it must hold each tensor as float32 in its shape.
 * @throws {ConcordatError} saying what is wrong with the file.
 */
export async function readWeights(path: string, specs: readonly TensorSpec[]): Promise<ModelTensors> {
  const bytes = await readBounded(path, specs);
  const length =
    bytes.length < LENGTH_BYTES ? Infinity : Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const start = LENGTH_BYTES + length;
  if (length > MAX_HEADER_BYTES || start > bytes.length) throw wrongFile("is not a safetensors file");
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, start));
  return specs.map(({ name, shape }): NamedTensor => {
    const entry = header[name];
    const [begin, end] = entry?.data_offsets ?? [0, 0];
    const size = elementCount(shape) * Float32Array.BYTES_PER_ELEMENT;
    if (entry?.dtype !== "F32" || entry.shape?.join() !== shape.join())
      throw wrongFile(`does not hold the tensor ${name} as F32 [${shape.join(", ")}]`);
    if (end - begin !== size || start + end > bytes.length) throw wrongFile(`cuts off the tensor ${name}`);
    return { name, shape, data: readFloats(bytes.slice(start + begin, start + end)) };
  });
}

async function readBounded(path: string, specs: readonly TensorSpec[]): Promise<Uint8Array> {
  const most = specs.reduce((sum, { shape }) => sum + elementCount(shape) * 4, 2 * MAX_HEADER_BYTES);
  const file = await open(path).catch((cause: unknown) => {
    throw wrongFile("was not written", cause);
  });
  try {
    const { size } = await file.stat();
    if (size > most) throw wrongFile(`has ${size} bytes, but at most ${most} are read`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw wrongFile("has a header that cannot be read", cause);
  }
}

function wrongFile(what: string, cause?: unknown): ConcordatError {
  return new ConcordatError(`The trainer's file of weights ${what}`, { cause });
}

function int32Bytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => view.setInt32(i * 4, value, true));
  return new Uint8Array(view.buffer);
}
