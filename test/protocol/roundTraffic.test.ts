import { expect } from "chai";
import { blockBytes } from "#protocol/artifacts/contentAddress";
import { roundTraffic } from "#protocol/rules/roundTraffic";

describe("the traffic of a round", () => {
  const sizes = { update: 1000, global: 80_000, nodes: 10, committee: 4 };

  it("is what members fetch of updates, and what the others fetch of the aggregate", () => {
    const { trainer, member } = roundTraffic(sizes);
    expect(trainer).to.deep.equal({ up: 4 * blockBytes(1000), down: blockBytes(80_000) });
    expect(member.down).to.equal(9 * blockBytes(1000));
  });

  it("is received by some as it is sent by others", () => {
    for (const committee of [1, 4, 10]) {
      const { trainer, member } = roundTraffic({ ...sizes, committee });
      const total = (way: "up" | "down"): number => committee * member[way] + (10 - committee) * trainer[way];
      expect(total("up")).to.be.closeTo(total("down"), 1e-6);
    }
  });
});
