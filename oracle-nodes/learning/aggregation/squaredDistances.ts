import type { AdmittedUpdates } from "./admitUpdates.ts";
import { interleave } from "./interleave.ts";
import type { Pacer } from "./pacer.ts";

/** Coordinates of one block: at 100 updates it fits the second-level cache. */
const BLOCK = 128;
/** Columns of one tile; rows of updates are padded to a multiple of it. */
const TILE = 4;

/**
 * Squared Euclidean distances between all updates: entry [i][j] is between the i-th and j-th in ascending memberId.
 * Each is one float64 sum over coordinates in index order, tensors in manifest order. Blocks and tiles change which
 * pair is served next, never the order of additions within a pair.
 */
export async function squaredDistances(
  { updates, layout }: AdmittedUpdates,
  pace: Pacer,
): Promise<readonly Float64Array[]> {
  const n = updates.length;
  const stride = Math.ceil(n / TILE) * TILE;
  const block = new Float64Array(BLOCK * stride);
  const sums = new Float64Array(stride * stride);
  for (const [tensor, { data }] of layout.entries()) {
    for (let start = 0; start < data.length; start += BLOCK) {
      const count = Math.min(BLOCK, data.length - start);
      interleave(updates, { tensor, start, count }, block, stride);
      for (let i = 0; i < stride; i += 2) {
        for (let j = i - (i % TILE); j < stride; j += TILE) addTile(sums, block, stride, count, i, j);
      }
      await pace();
    }
  }
  // Tiles cover the upper triangle and a little more; (a - b)^2 equals (b - a)^2 exactly, so the rest is its mirror.
  return Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (__, j) => sums[Math.min(i, j) * stride + Math.max(i, j)] as number),
  );
}

/**
 * Adds a block's coordinates to the sums of rows i, i + 1 and columns j..j + 3. A sum must wait for its previous addition;
 * eight independent ones keep the processor busy meanwhile, which makes this several times faster than pair by pair.
 */
function addTile(
  sums: Float64Array,
  block: Float64Array,
  stride: number,
  count: number,
  i: number,
  j: number,
): void {
  const p = i * stride + j;
  const q = p + stride;
  let p0 = sums[p] as number;
  let p1 = sums[p + 1] as number;
  let p2 = sums[p + 2] as number;
  let p3 = sums[p + 3] as number;
  let q0 = sums[q] as number;
  let q1 = sums[q + 1] as number;
  let q2 = sums[q + 2] as number;
  let q3 = sums[q + 3] as number;
  for (let row = 0; row < count * stride; row += stride) {
    const x = block[row + i] as number;
    const y = block[row + i + 1] as number;
    const z0 = block[row + j] as number;
    const z1 = block[row + j + 1] as number;
    const z2 = block[row + j + 2] as number;
    const z3 = block[row + j + 3] as number;
    p0 += (x - z0) * (x - z0);
    p1 += (x - z1) * (x - z1);
    p2 += (x - z2) * (x - z2);
    p3 += (x - z3) * (x - z3);
    q0 += (y - z0) * (y - z0);
    q1 += (y - z1) * (y - z1);
    q2 += (y - z2) * (y - z2);
    q3 += (y - z3) * (y - z3);
  }
  sums[p] = p0;
  sums[p + 1] = p1;
  sums[p + 2] = p2;
  sums[p + 3] = p3;
  sums[q] = q0;
  sums[q + 1] = q1;
  sums[q + 2] = q2;
  sums[q + 3] = q3;
}
