import { artifactFault } from "../safetensors.ts";
import type { ArtifactError } from "#errors";

/**
 * A set of `count` indices below `size` in Elias-Fano code (Elias 1974): the lowest floor(log2(size / count)) bits of
 * each index side by side, then the rest in unary, as a row of bits in which the j-th one (from 0) stands at place
 * (index_j >> lowBits) + j. It needs less than 2 + ceil(log2(size / count)) bits an index, a quarter of a 32-bit one for
 * 1 % of the weights, and its length depends on `count` and `size` alone. Bits fill each byte from the lowest one.
 */
interface Layout {
  readonly lowBits: number;
  /** Where the unary part begins, and where it ends, in bits. */
  readonly unary: number;
  readonly end: number;
}

function layoutOf(count: number, size: number): Layout {
  if (count === 0) return { lowBits: 0, unary: 0, end: 0 };
  let lowBits = 0;
  while (count * 2 ** (lowBits + 1) <= size) lowBits++;
  const unary = count * lowBits;
  return { lowBits, unary, end: unary + count + Math.floor((size - 1) / 2 ** lowBits) };
}

/** Bytes of a coded set. */
export function indexSetBytes(count: number, size: number): number {
  return Math.ceil(layoutOf(count, size).end / 8);
}

/** @param indices Strictly ascending, below `size`. */
export function encodeIndexSet(indices: Uint32Array, size: number): Uint8Array {
  const { lowBits, unary } = layoutOf(indices.length, size);
  const bytes = new Uint8Array(indexSetBytes(indices.length, size));
  const set = (place: number): void => {
    bytes[place >>> 3] = (bytes[place >>> 3] ?? 0) | (1 << (place & 7));
  };
  for (let j = 0; j < indices.length; j++) {
    const index = indices[j] ?? 0;
    for (let bit = 0; bit < lowBits; bit++) if ((index >>> bit) & 1) set(j * lowBits + bit);
    set(unary + (index >>> lowBits) + j);
  }
  return bytes;
}

/** @throws {ArtifactError} with the fault `wrong-indices` unless it is what {@link encodeIndexSet} writes for some set. */
export function decodeIndexSet(bytes: Uint8Array, count: number, size: number): Uint32Array {
  const { lowBits, unary, end } = layoutOf(count, size);
  const isSet = (place: number): number => ((bytes[place >>> 3] ?? 0) >>> (place & 7)) & 1;
  const indices = new Uint32Array(count);
  let found = 0;
  let last = -1;
  for (let place = unary; place < bytes.length * 8; place++) {
    if (isSet(place) === 0) continue;
    if (found === count || place >= end) throw wrongIndices("more of them than the terms say");
    let index = (place - unary - found) * 2 ** lowBits;
    for (let bit = 0; bit < lowBits; bit++) index += isSet(found * lowBits + bit) * 2 ** bit;
    if (index <= last || index >= size) throw wrongIndices(`${index} after ${last} of ${size}`);
    indices[found++] = index;
    last = index;
  }
  if (found < count) throw wrongIndices(`${found} instead of ${count}`);
  return indices;
}

function wrongIndices(what: string): ArtifactError {
  return artifactFault("wrong-indices", `The update's indices are not strictly ascending in range: ${what}`);
}
