/** Pseudorandom bytes (xorshift32), the same for a seed everywhere, so that no two chunks are alike. */
export function sampleBytes(length: number, seed = 1): Uint8Array {
  let state = seed >>> 0 || 1;
  return new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** As large as the models that a round exchanges: eight leaves and a root. */
export const MODEL_BYTES = 7_340_037;
