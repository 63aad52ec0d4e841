import { createCipheriv, randomBytes, type Cipheriv } from "node:crypto";

/** Words of one call to the cipher: 64 KiB, so that a call's price is shared by thousands of draws. */
const BLOCK_WORDS = 1 << 14;
const ZEROS = new Uint8Array(4 * BLOCK_WORDS);

/**
 * Random words for noise and for sampling that protect privacy: the keystream of AES-256 in counter mode under a key of
 * the operating system's generator, not one system call a value.
 */
export class Keystream {
  readonly #cipher: Cipheriv;
  #block: Uint32Array = new Uint32Array(0);
  #next = 0;

  /** @param key 32 bytes; drawn from the operating system when left out, as it must be outside of tests. */
  constructor(key: Uint8Array = randomBytes(32)) {
    this.#cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  }

  /** The next 32 bits as an unsigned integer. */
  next(): number {
    if (this.#next === this.#block.length) {
      this.#block = this.block();
      this.#next = 0;
    }
    return this.#block[this.#next++] ?? 0;
  }

  /** 2^14 fresh words, which no other call returns: for loops that read many. */
  block(): Uint32Array {
    const bytes = this.#cipher.update(ZEROS);
    const { buffer, byteOffset } = byteAligned(bytes);
    return new Uint32Array(buffer, byteOffset, BLOCK_WORDS);
  }

  /** `bits` random bits as an integer; a multiple of 4. */
  bits(bits: number): bigint {
    let hex = "";
    for (let i = 0; i < bits; i += 32) hex += this.next().toString(16).padStart(8, "0");
    return BigInt(`0x${hex.slice(0, bits / 4)}`);
  }

  /** A uniform integer in [0, bound), without modulo bias; `bound` at most 2^32. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let value = this.next();
    while (value >= limit) value = this.next();
    return value % bound;
  }
}

/** The same bytes where words may start. */
function byteAligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
}
