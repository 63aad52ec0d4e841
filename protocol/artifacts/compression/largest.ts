/** The bits of a float32 without its sign: as integers they are ordered as the magnitudes are. */
const MAGNITUDE = 0x7fff_ffff;
const HALF_BITS = 16;

/**
 * Indices of the `count` values of greatest magnitude, ascending; of equal magnitudes the lowest indices. Counts the upper
 * halves of the bits of |x|, then the lower halves where the upper one decides nothing: O(n), and the same everywhere.
 * @param values Finite.
 */
export function largest(values: Float32Array, count: number): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const uppers = new Uint32Array(1 << HALF_BITS);
  for (let index = 0; index < words.length; index++) {
    const half = ((words[index] ?? 0) & MAGNITUDE) >>> HALF_BITS;
    uppers[half] = (uppers[half] ?? 0) + 1;
  }
  const upper = binOf(uppers, count);
  const lowers = new Uint32Array(1 << HALF_BITS);
  for (let index = 0; index < words.length; index++) {
    const magnitude = (words[index] ?? 0) & MAGNITUDE;
    if (magnitude >>> HALF_BITS !== upper.bin) continue;
    const half = magnitude & 0xffff;
    lowers[half] = (lowers[half] ?? 0) + 1;
  }
  const lower = binOf(lowers, upper.left);
  const threshold = upper.bin * 2 ** HALF_BITS + lower.bin;
  const found = new Uint32Array(count);
  let [end, ties] = [0, lower.left];
  for (let index = 0; index < words.length && end < count; index++) {
    const magnitude = (words[index] ?? 0) & MAGNITUDE;
    if (magnitude > threshold || (magnitude === threshold && ties-- > 0)) found[end++] = index;
  }
  return found;
}

/** The bin that holds the `count`-th greatest value, and how many of its values belong to the `count` greatest. */
function binOf(sizes: Uint32Array, count: number): { readonly bin: number; readonly left: number } {
  let [bin, left] = [sizes.length - 1, count];
  while (bin > 0 && left > (sizes[bin] ?? 0)) left -= sizes[bin--] ?? 0;
  return { bin, left };
}
