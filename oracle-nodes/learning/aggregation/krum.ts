import { minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { admitUpdates } from "./admitUpdates.ts";
import { krumRanking } from "./krumRanking.ts";
import { createPacer } from "./pacer.ts";
import type { AggregationRule } from "./rule.ts";

/** The one update nearest to its neighbours, unchanged (Blanchard et al. 2017; paper 5). Rejected are the f worst. */
export const krum: AggregationRule = {
  name: "krum",
  minimumUpdates: (f) => minimumUpdates("krum", f),
  async aggregate(updates, f) {
    const pace = createPacer();
    const { best, accepted, rejected } = await krumRanking(
      await admitUpdates("krum", updates, f, pace),
      f,
      pace,
    );
    return {
      tensors: best.tensors.map(({ name, shape, data }) => ({ name, shape, data: data.slice() })),
      accepted: accepted.map(({ memberId }) => memberId),
      rejected,
    };
  },
};
