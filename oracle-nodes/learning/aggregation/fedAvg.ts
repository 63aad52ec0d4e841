import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { admitUpdates } from "./admitUpdates.ts";
import { createPacer } from "./pacer.ts";
import type { AggregationRule } from "./rule.ts";
import { weightedMean } from "./weightedMean.ts";

/** The sample-weighted mean of all updates (paper 4; McMahan et al. 2017). One liar moves it at will: f is not used. */
export const fedAvg: AggregationRule = {
  name: "fedavg",
  minimumUpdates: (f) => minimumUpdates("fedavg", f),
  async aggregate(updates, f) {
    const pace = createPacer();
    const admitted = await admitUpdates("fedavg", updates, f, pace);
    return {
      tensors: await weightedMean(admitted, pace),
      accepted: admitted.updates.map(({ memberId }) => memberId),
      rejected: [],
    };
  },
};
