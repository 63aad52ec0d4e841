import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { admitUpdates } from "./admitUpdates.ts";
import { createPacer } from "./pacer.ts";
import { perCoordinate } from "./perCoordinate.ts";
import type { AggregationRule } from "./rule.ts";

/** The median of each coordinate over all updates, unweighted (Yin et al. 2018, definition 1); f is not used. */
export const median: AggregationRule = {
  name: "median",
  minimumUpdates: (f) => minimumUpdates("median", f),
  async aggregate(updates, f) {
    const pace = createPacer();
    const admitted = await admitUpdates("median", updates, f, pace);
    return {
      tensors: await perCoordinate(admitted, middle, pace),
      accepted: admitted.updates.map(({ memberId }) => memberId),
      rejected: [],
    };
  },
};

/** The middle value, or the mean of the two middle ones. */
function middle(sorted: Float32Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
