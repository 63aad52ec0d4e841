import { getBytes, sha256, toUtf8Bytes } from "ethers";

/**
 * A seeded stream of random numbers that is the same on every platform: xoshiro128** over 32-bit integers,
 * its state taken from SHA-256 of the seed and the labels. Streams with different labels are independent, so that
 * partition, initialisation and shuffling never share draws. Not for secrets or noise that protects privacy.
 *
 * @example
 * new SeededRandom(7, "shuffle", round, member).shuffle(indices);
 */
export class SeededRandom {
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  constructor(seed: number, ...labels: readonly (string | number)[]) {
    const hash = getBytes(sha256(toUtf8Bytes(JSON.stringify(["concordat/random/1", seed, ...labels]))));
    const state = new DataView(hash.buffer, hash.byteOffset);
    this.#s0 = state.getInt32(0, true);
    this.#s1 = state.getInt32(4, true);
    this.#s2 = state.getInt32(8, true);
    this.#s3 = state.getInt32(12, true);
  }

  /** The next 32 bits as an unsigned integer. */
  next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#s1, 5), 7), 9) >>> 0;
    const shifted = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= shifted;
    this.#s3 = rotateLeft(this.#s3, 11);
    return result;
  }

  /** A uniform number in [low, high), one of 2^24 equidistant ones. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.next() >>> 8) / 0x100_0000);
  }

  /** A uniform integer in [0, bound), without modulo bias; `bound` at most 2^32. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let value = this.next();
    while (value >= limit) value = this.next();
    return value % bound;
  }

  /** Near-normal with mean 0 and deviation 1: the sum of twelve uniforms less six, which needs no logarithm. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.uniform();
    return sum;
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends number[] | Uint32Array>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) this.#swap(items, i, this.below(i + 1));
    return items;
  }

  /** `count` different items in random order; at most `items.length`. */
  sample(items: readonly number[], count: number): number[] {
    const pool = [...items];
    for (let i = 0; i < count; i++) this.#swap(pool, i, i + this.below(pool.length - i));
    return pool.slice(0, count);
  }

  #swap(items: number[] | Uint32Array, i: number, j: number): void {
    const kept = items[i] ?? 0;
    items[i] = items[j] ?? 0;
    items[j] = kept;
  }
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
