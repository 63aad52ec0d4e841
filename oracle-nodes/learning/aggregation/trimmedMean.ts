import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { admitUpdates } from "./admitUpdates.ts";
import { createPacer } from "./pacer.ts";
import { perCoordinate } from "./perCoordinate.ts";
import type { AggregationRule } from "./rule.ts";

/**
 * Per coordinate the unweighted mean of what remains without the f lowest and the f highest values (Yin et al. 2018,
 * definition 2), added from +0 in ascending order of value, so that which of two equal values is trimmed does not matter.
 */
export const trimmedMean: AggregationRule = {
  name: "trimmedMean",
  minimumUpdates: (f) => minimumUpdates("trimmedMean", f),
  async aggregate(updates, f) {
    const pace = createPacer();
    const admitted = await admitUpdates("trimmedMean", updates, f, pace);
    return {
      tensors: await perCoordinate(admitted, (sorted) => meanWithoutTails(sorted, f), pace),
      accepted: admitted.updates.map(({ memberId }) => memberId),
      rejected: [],
    };
  },
};

function meanWithoutTails(sorted: Float32Array, f: number): number {
  let sum = 0;
  for (let i = f; i < sorted.length - f; i++) sum += sorted[i] as number;
  return sum / (sorted.length - 2 * f);
}
