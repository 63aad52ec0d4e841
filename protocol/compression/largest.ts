/** Bins of the first pass: the upper half of a float32 without its sign. */
const BINS = 1 << 15;
const HALF_BITS = 16;

/**
 * Indices of the `count` values of greatest magnitude, ascending; of equal magnitudes the lowest indices. Two counting
 * passes over the bits of |x|, whose order as integers is that of the magnitudes: O(n), and the same everywhere.
 * @param values Finite.
 */
export function largest(values: Float32Array, count: number): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const upper = cut(words, count, (magnitude) => magnitude >>> HALF_BITS, BINS);
  const lower = cut(
    words,
    upper.left,
    (magnitude) => (magnitude >>> HALF_BITS === upper.bin ? magnitude & 0xffff : -1),
    1 << HALF_BITS,
  );
  const threshold = ((upper.bin << HALF_BITS) | lower.bin) >>> 0;
  const found = new Uint32Array(count);
  let [end, ties] = [0, lower.left];
  for (let index = 0; index < words.length && end < count; index++) {
    const magnitude = (words[index] ?? 0) & 0x7fff_ffff;
    if (magnitude > threshold || (magnitude === threshold && ties-- > 0)) found[end++] = index;
  }
  return found;
}

/** The bin that holds the `count`-th greatest value, and how many of its values are still to be taken. */
function cut(
  words: Uint32Array,
  count: number,
  binOf: (magnitude: number) => number,
  bins: number,
): { readonly bin: number; readonly left: number } {
  const sizes = new Uint32Array(bins);
  for (let index = 0; index < words.length; index++) {
    const bin = binOf((words[index] ?? 0) & 0x7fff_ffff);
    if (bin >= 0) sizes[bin] = (sizes[bin] ?? 0) + 1;
  }
  let [bin, left] = [bins - 1, count];
  while (bin > 0 && left > (sizes[bin] ?? 0)) left -= sizes[bin--] ?? 0;
  return { bin, left };
}
