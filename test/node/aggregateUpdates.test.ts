import { expect } from "chai";
import type { Update } from "#learning/aggregation/rule";
import { aggregateUpdates } from "#node/rounds/aggregateUpdates";
import type { MemberId } from "#protocol/ids";

const update = (memberId: number, value: number, samples = 1): Update => ({
  memberId: memberId as MemberId,
  samples,
  tensors: [{ name: "w", shape: [1], data: Float32Array.of(value) }],
});
const members = (...ids: number[]) => ids as MemberId[];

describe("What a round's updates amount to", () => {
  it("is the rule's aggregate, with disqualified members rejected", async () => {
    const outcome = await aggregateUpdates("fedavg", 0, [update(1, 1), update(3, 4, 2)], members(2));
    expect(outcome).to.deep.include({ kind: "aggregate", accepted: [1, 3], rejected: [2] });
    expect(outcome.kind === "aggregate" && [...(outcome.tensors[0]?.data ?? [])]).to.deep.equal([3]);
  });

  it("lets a disqualified update use up one of the f Byzantine members that the rule reckons with", async () => {
    const usable = [update(1, 1), update(2, 1.1), update(3, 0.9), update(4, 1)];
    const outcome = await aggregateUpdates("multiKrum", 1, usable, members(5));
    expect(outcome).to.deep.include({ kind: "aggregate", accepted: [1, 2, 3, 4], rejected: [5] });
    expect((await aggregateUpdates("multiKrum", 1, usable, [])).kind).to.equal("tooFew");
  });

  it("is too few when fewer are available than the rule needs, or none is usable", async () => {
    const few = await aggregateUpdates("trimmedMean", 1, [update(2, 1), update(1, 1)], []);
    expect(few).to.deep.equal({ kind: "tooFew", accepted: [1, 2] });
    expect(await aggregateUpdates("fedavg", 0, [], members(1, 2))).to.deep.equal({
      kind: "tooFew",
      accepted: [],
    });
  });
});
