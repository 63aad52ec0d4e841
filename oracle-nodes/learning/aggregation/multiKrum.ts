import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { admitUpdates } from "./admitUpdates.ts";
import { krumRanking } from "./krumRanking.ts";
import { createPacer } from "./pacer.ts";
import type { AggregationRule } from "./rule.ts";
import { weightedMean } from "./weightedMean.ts";

/** The sample-weighted mean of all updates but the f with the worst Krum scores (Blanchard et al. 2017; paper 2). */
export const multiKrum: AggregationRule = {
  name: "multiKrum",
  minimumUpdates: (f) => minimumUpdates("multiKrum", f),
  async aggregate(updates, f) {
    const pace = createPacer();
    const admitted = await admitUpdates("multiKrum", updates, f, pace);
    const { accepted, rejected } = await krumRanking(admitted, f, pace);
    return {
      tensors: await weightedMean({ updates: accepted, layout: admitted.layout }, pace),
      accepted: accepted.map(({ memberId }) => memberId),
      rejected,
    };
  },
};
