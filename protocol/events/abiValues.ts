import { Utf8ErrorFuncs, getAddress, toUtf8String } from "ethers";
import type { ParamType } from "ethers";

/** A decoded value: numbers as bigint, addresses in EIP-55 form, bytes as hex, structs by their fields. */
export type AbiValue = bigint | boolean | string | readonly AbiValue[] | AbiFields;
export interface AbiFields {
  readonly [name: string]: AbiValue;
}

/** Hex digits of a word. */
const WORD = 64;
/**
 * How many times as many digits may be read as there are: an honest encoding has each once, but offsets may point to the same
 * bytes again and again.
 */
const MAX_INFLATION = 8;

/** The digits of an encoding, which may end anywhere. */
class Digits {
  readonly #digits: string;
  #allowance: number;

  constructor(data: string) {
    this.#digits = data.slice(2);
    this.#allowance = this.#digits.length * MAX_INFLATION;
  }

  take(at: number, length: number): string {
    this.#allowance -= length;
    const digits = this.#digits.slice(at, at + length);
    if (digits.length < length || this.#allowance < 0) throw new RangeError("data out-of-bounds");
    return digits;
  }

  /** A word that counts or points, times `unit` digits, within what there is. */
  length(at: number, unit: number): number {
    const length = BigInt(`0x${this.take(at, WORD)}`) * BigInt(unit);
    if (length > BigInt(this.#digits.length)) throw new RangeError("data out-of-bounds");
    return Number(length);
  }
}

/** How values of a type are read; all places are in hex digits. */
interface Reader {
  /** Digits in place; those of a dynamic type are an offset to the value. */
  readonly size: number;
  readonly isDynamic: boolean;
  readonly read: (digits: Digits, at: number) => AbiValue;
}

/**
 * Reads values of these types, as ethers does, without making its coders anew for each: whoever reads a long history decodes
 * many.
 * Strings that are no UTF-8 have U+FFFD for their bad bytes: nobody vouches for what a foreign contract says. What it gives
 * throws where bytes do not fit the types.
 */
export function valueDecoder(types: readonly ParamType[]): (data: string) => readonly AbiValue[] {
  const readers = types.map(readerOf);
  return (data) => readInPlace(readers, new Digits(data), 0);
}

/** Values by the names of their types. */
export function namedFields(types: readonly ParamType[], values: readonly AbiValue[]): AbiFields {
  return Object.fromEntries(types.map(({ name }, index) => [name, values[index] ?? ""]));
}

function readerOf(type: ParamType): Reader {
  const { arrayChildren: item, arrayLength, components } = type;
  if (item !== null) return arrayReader(readerOf(item), arrayLength ?? -1);
  if (components === null) return plainReader(type.type);
  const readers = components.map(readerOf);
  const isDynamic = readers.some((reader) => reader.isDynamic);
  return {
    isDynamic,
    size: isDynamic ? WORD : readers.reduce((sum, { size }) => sum + size, 0),
    read: (digits, at) => namedFields(components, readInPlace(readers, digits, at)),
  };
}

/** Values that stand one after another, those of dynamic types by offsets from where the first begins. */
function readInPlace(readers: readonly Reader[], digits: Digits, start: number): readonly AbiValue[] {
  let at = start;
  return readers.map(({ isDynamic, size, read }) => {
    const place = isDynamic ? start + digits.length(at, 2) : at;
    at += size;
    return read(digits, place);
  });
}

/** @param fixed Items of an array of fixed length; -1 where its first word counts them. */
function arrayReader(item: Reader, fixed: number): Reader {
  const many = (count: number): readonly Reader[] => Array.from({ length: count }, () => item);
  if (fixed >= 0) {
    const { isDynamic } = item;
    const read: Reader["read"] = (digits, at) => readInPlace(many(fixed), digits, at);
    return { isDynamic, size: isDynamic ? WORD : fixed * item.size, read };
  }
  return {
    isDynamic: true,
    size: WORD,
    read: (digits, at) => {
      const count = digits.length(at, item.size) / item.size;
      return readInPlace(many(count), digits, at + WORD);
    },
  };
}

function plainReader(type: string): Reader {
  if (type === "bytes") return { isDynamic: true, size: WORD, read: readBytes };
  if (type === "string") {
    const read: Reader["read"] = (digits, at) => toUtf8String(readBytes(digits, at), Utf8ErrorFuncs.replace);
    return { isDynamic: true, size: WORD, read };
  }
  const value = wordReader(type);
  return { isDynamic: false, size: WORD, read: (digits, at) => value(digits.take(at, WORD)) };
}

function readBytes(digits: Digits, at: number): string {
  const length = digits.length(at, 2);
  const padded = Math.ceil(length / WORD) * WORD;
  return `0x${digits.take(at + WORD, padded).slice(0, length)}`;
}

/** @throws {TypeError} for a type that no contract here has. */
function wordReader(type: string): (word: string) => AbiValue {
  if (type === "bool") return (word) => BigInt(`0x${word}`) !== 0n;
  if (type === "address") return (word) => getAddress(`0x${word.slice(24)}`);
  const [, kind, size] = /^(uint|int|bytes)(\d+)$/.exec(type) ?? [];
  const bits = Number(size);
  switch (kind) {
    case "uint":
      return (word) => BigInt.asUintN(bits, BigInt(`0x${word}`));
    case "int":
      return (word) => BigInt.asIntN(bits, BigInt(`0x${word}`));
    case "bytes":
      return (word) => `0x${word.slice(0, 2 * bits)}`;
    default:
      throw new TypeError(`No values of type ${type} are read`);
  }
}
