import { expect } from "chai";
import {
  AGGREGATION_RULES,
  aggregationRuleId,
  aggregationRuleName,
  minimumUpdates,
} from "#protocol/rules/aggregationRule";
import { InputError } from "#protocol/errors";
import { aggregationRule } from "#learning/aggregation/aggregationRule";

describe("names of aggregation rules", () => {
  it("stand for the numbers 0 to 4 on chain", () => {
    expect(AGGREGATION_RULES.map(aggregationRuleId)).to.deep.equal([0, 1, 2, 3, 4]);
    expect([0n, 1n, 2n, 3n, 4n].map(aggregationRuleName)).to.deep.equal([...AGGREGATION_RULES]);
  });

  it("refuse a number without a rule", () => {
    for (const id of [5, -1, 0.5]) expect(() => aggregationRuleName(id)).to.throw(InputError, `${id} is not`);
  });

  it("lead to the rule of that name", () => {
    for (const name of AGGREGATION_RULES) expect(aggregationRule(name).name).to.equal(name);
  });

  it("need 2f + 3 updates for Krum, 2f + 1 for the trimmed mean, one otherwise", () => {
    expect(AGGREGATION_RULES.map((rule) => minimumUpdates(rule, 2))).to.deep.equal([1, 1, 5, 7, 7]);
    expect(AGGREGATION_RULES.map((rule) => minimumUpdates(rule, 0))).to.deep.equal([1, 1, 1, 3, 3]);
  });
});
