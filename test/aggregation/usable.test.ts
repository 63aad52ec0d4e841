import { expect } from "chai";
import { ArtifactError } from "#protocol/errors";
import { memberId } from "#protocol/ids";
import type { NamedTensor } from "#protocol/artifacts/tensors";
import type { Update } from "#learning/aggregation/rule";
import { assertUsable, partitionUsable } from "#learning/aggregation/usable";

const SPECS = [
  { name: "kernel", shape: [2, 3] },
  { name: "bias", shape: [3] },
] as const;

/** A good update, but for what `changes` says of its kernel. */
function update(member: number, changes: Partial<NamedTensor> = {}): Update {
  return {
    memberId: memberId(member),
    samples: 1,
    tensors: [
      { name: "kernel", shape: [2, 3], data: new Float32Array(6), ...changes },
      { name: "bias", shape: [3], data: new Float32Array(3) },
    ],
  };
}

describe("usable updates", () => {
  it("has exactly the manifest's tensors", () => {
    expect(() => assertUsable(update(1), SPECS)).not.to.throw();
  });

  const problems: readonly [string, Update, string][] = [
    ["NaN", update(2, { data: Float32Array.of(0, 0, 0, NaN, 0, 0) }), 'tensor "kernel" holds NaN at index 3'],
    [
      "infinity",
      update(2, { data: Float32Array.of(0, 0, 0, 0, 0, -Infinity) }),
      'tensor "kernel" holds -Infinity at index 5',
    ],
    ["another shape", update(2, { shape: [3, 2] }), 'tensor "kernel" has shape [3,2], not [2,3]'],
    ["another rank", update(2, { shape: [6] }), 'tensor "kernel" has shape [6], not [2,3]'],
    [
      "missing values",
      update(2, { data: new Float32Array(5) }),
      'tensor "kernel" of shape [2,3] has 5 values',
    ],
    ["another name", update(2, { name: "core" }), 'tensor 0 is "core", not "kernel"'],
    [
      "another order",
      { ...update(2), tensors: update(2).tensors.toReversed() },
      'tensor 0 is "bias", not "kernel"',
    ],
    ["a missing tensor", { ...update(2), tensors: update(2).tensors.slice(1) }, "it has 1 tensors, not 2"],
    ["no tensor", { ...update(2), tensors: [] }, "it has 0 tensors, not 2"],
  ];
  for (const [what, bad, reason] of problems) {
    it(`refuses ${what}, and says so`, () => {
      expect(() => assertUsable(bad, SPECS)).to.throw(
        ArtifactError,
        `The update of member 2 cannot be aggregated: ${reason}`,
      );
    });
  }

  it("separates the bad from the good, with a reason each, and loses none", async () => {
    const good = [update(1), update(4)];
    const bad = update(3, { data: new Float32Array(6).fill(NaN) });
    const { usable, unusable } = await partitionUsable([update(1), bad, update(4)], SPECS);
    expect(usable).to.deep.equal(good);
    expect(unusable.map((entry) => entry.memberId)).to.deep.equal([3]);
    expect(unusable[0]?.reason).to.be.instanceOf(ArtifactError);
    expect(unusable[0]?.reason.message).to.contain("holds NaN at index 0");
  });
});
