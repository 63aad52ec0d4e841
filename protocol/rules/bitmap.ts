/**
 * Sets of members as the contracts store them: words of 256 bits, low word first, member k in bit k - 1.
 */
export type Bitmap = readonly bigint[];

const WORD_BITS = 256;

/** Words that a task with `memberCount` members uses: ceil(memberCount / 256), at least one. */
export function bitmapWords(memberCount: number): number {
  return Math.max(1, Math.ceil(memberCount / WORD_BITS));
}

/** The bitmap of `memberIds`, with the number of words that a task with `memberCount` members uses. */
export function toBitmap(memberIds: Iterable<number>, memberCount: number): Bitmap {
  const words = Array.from({ length: bitmapWords(memberCount) }, () => 0n);
  for (const id of memberIds) {
    const word = Math.floor((id - 1) / WORD_BITS);
    const present = words[word];
    if (id < 1 || present === undefined) throw new RangeError(`Member ${id} is outside of 1..${memberCount}`);
    words[word] = present | (1n << BigInt((id - 1) % WORD_BITS));
  }
  return words;
}

/** The member ids in a bitmap, ascending. */
export function fromBitmap(words: Bitmap): number[] {
  const memberIds: number[] = [];
  for (const [index, word] of words.entries()) {
    for (let rest = word, bit = 0; rest > 0n; rest >>= 1n, bit++) {
      if ((rest & 1n) === 1n) memberIds.push(index * WORD_BITS + bit + 1);
    }
  }
  return memberIds;
}

export function bitmapHas(words: Bitmap, memberId: number): boolean {
  const word = words[Math.floor((memberId - 1) / WORD_BITS)] ?? 0n;
  return ((word >> BigInt((memberId - 1) % WORD_BITS)) & 1n) === 1n;
}

/** Number of members in a bitmap. */
export function bitmapCount(words: Bitmap): number {
  return fromBitmap(words).length;
}

/** Whether both hold the same members; missing high words count as zero. */
export function bitmapsEqual(a: Bitmap, b: Bitmap): boolean {
  return bitmapIsWithin(a, b) && bitmapIsWithin(b, a);
}

/** Whether every member of `inner` is in `outer`. */
export function bitmapIsWithin(inner: Bitmap, outer: Bitmap): boolean {
  return inner.every((word, index) => (word & ~(outer[index] ?? 0n)) === 0n);
}

export function bitmapsOverlap(a: Bitmap, b: Bitmap): boolean {
  return a.some((word, index) => (word & (b[index] ?? 0n)) !== 0n);
}

/** The members of either, as long as the longer one. */
export function bitmapUnion(a: Bitmap, b: Bitmap): Bitmap {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0n) | (b[i] ?? 0n));
}

/** The members of `a` that are not in `b`, as long as `a`. */
export function bitmapMinus(a: Bitmap, b: Bitmap): Bitmap {
  return a.map((word, index) => word & ~(b[index] ?? 0n));
}
