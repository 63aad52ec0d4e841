import type { Update } from "./rule.ts";

/**
 * Lays `count` coordinates of tensor `tensor`, from `start` on, side by side over all updates: coordinate i of update m goes to
 * `into[i * stride + m]`. Loops over updates at one coordinate then run through neighbouring memory.
 */
export function interleave(
  updates: readonly Update[],
  { tensor, start, count }: { readonly tensor: number; readonly start: number; readonly count: number },
  into: Float32Array | Float64Array,
  stride: number,
): void {
  for (const [m, { tensors }] of updates.entries()) {
    const values = tensors[tensor]?.data as Float32Array;
    for (let i = 0; i < count; i++) into[i * stride + m] = values[start + i] as number;
  }
}
