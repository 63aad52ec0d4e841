import type { ModelTensors, NamedTensor } from "@concordat/protocol/artifacts/tensors";
import type { AdmittedUpdates } from "./admitUpdates.ts";
import type { Pacer } from "./pacer.ts";

/** Coordinates of one block: its sums stay in the first-level cache while all updates pass by. */
const BLOCK = 4096;

/**
 * w_G = sum_k n_k w_k / sum_k n_k per coordinate, n_k the samples of update k: summed in float64 from +0 in ascending
 * memberId, divided once, rounded once. The mean of finite float32 values lies between them, so it cannot overflow.
 */
export async function weightedMean(admitted: AdmittedUpdates, pace: Pacer): Promise<ModelTensors> {
  const totalSamples = admitted.updates.reduce((total, { samples }) => total + samples, 0);
  const sums = new Float64Array(BLOCK);
  const mean: NamedTensor[] = [];
  for (const [index, { name, shape, data: like }] of admitted.layout.entries()) {
    const data = new Float32Array(like.length);
    for (let start = 0; start < data.length; start += BLOCK) {
      const count = Math.min(BLOCK, data.length - start);
      sums.fill(0);
      for (const { samples, tensors } of admitted.updates) {
        const values = tensors[index]?.data as Float32Array;
        for (let i = 0; i < count; i++)
          sums[i] = (sums[i] as number) + samples * (values[start + i] as number);
      }
      for (let i = 0; i < count; i++) data[start + i] = (sums[i] as number) / totalSamples;
      await pace();
    }
    mean.push({ name, shape, data });
  }
  return mean;
}
