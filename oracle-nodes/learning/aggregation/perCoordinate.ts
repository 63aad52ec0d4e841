import type { ModelTensors, NamedTensor } from "@concordat/protocol/artifacts/tensors";
import type { AdmittedUpdates } from "./admitUpdates.ts";
import { interleave } from "./interleave.ts";
import type { Pacer } from "./pacer.ts";

/** Coordinates of one block. */
const BLOCK = 256;

/** The value of one coordinate, in float64, from its values in all updates, sorted ascending, -0 before +0. */
export type Centre = (sorted: Float32Array) => number;

/** Applies `centre` to every coordinate and rounds each result once. */
export async function perCoordinate(
  { updates, layout }: AdmittedUpdates,
  centre: Centre,
  pace: Pacer,
): Promise<ModelTensors> {
  const n = updates.length;
  const block = new Float32Array(BLOCK * n);
  const columns = Array.from({ length: BLOCK }, (_, i) => block.subarray(i * n, (i + 1) * n));
  const result: NamedTensor[] = [];
  for (const [tensor, { name, shape, data: like }] of layout.entries()) {
    const data = new Float32Array(like.length);
    for (let start = 0; start < data.length; start += BLOCK) {
      const count = Math.min(BLOCK, data.length - start);
      interleave(updates, { tensor, start, count }, block, n);
      // ECMA-262 defines the order of a typed array's sort, with -0 before +0. In place: a copy a coordinate costs more.
      // oxlint-disable-next-line unicorn/no-array-sort
      for (let i = 0; i < count; i++) data[start + i] = centre((columns[i] as Float32Array).sort());
      await pace();
    }
    result.push({ name, shape, data });
  }
  return result;
}
