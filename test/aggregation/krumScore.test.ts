import { expect } from "chai";
import { admitUpdates } from "#learning/aggregation/admitUpdates";
import { krumScore } from "#learning/aggregation/krumRanking";
import { createPacer } from "#learning/aggregation/pacer";
import { squaredDistances } from "#learning/aggregation/squaredDistances";
import { flat, seededUpdates } from "./updates.ts";

describe("squared distances", () => {
  it("add coordinates one by one in index order, tensors in manifest order, to the last bit", async () => {
    for (const n of [3, 4, 5, 6, 9]) {
      const updates = seededUpdates(n, n, 300);
      const models = updates.map(({ tensors }) => flat(tensors));
      const expected = models.map((a) =>
        models.map((b) => {
          let sum = 0;
          for (const [i, value] of a.entries()) sum += (value - (b[i] ?? NaN)) * (value - (b[i] ?? NaN));
          return sum;
        }),
      );
      const pace = createPacer();
      const distances = await squaredDistances(await admitUpdates("krum", updates, 0, pace), pace);
      expect(distances.map((row) => [...row])).to.deep.equal(expected);
    }
  });
});

describe("krum score", () => {
  it("adds the n - f - 2 least distances to others: 1 + 2 of {5, 1, 2, 9} for n = 5, f = 1", () => {
    expect(krumScore(Float64Array.of(5, 1, 0, 2, 9), 2, 1)).to.equal(3);
  });

  it("counts an identical other as distance 0, but not the update itself", () => {
    expect(krumScore(Float64Array.of(0, 0, 7, 8), 0, 0)).to.equal(7);
    expect(krumScore(Float64Array.of(0, 3, 7, 8), 0, 0)).to.equal(10);
  });

  it("adds in ascending order: 1 + 1 + 2^53 keeps the ones that 2^53 + 1 + 1 would lose", () => {
    expect(krumScore(Float64Array.of(2 ** 53, 1, 0, 1, 2 ** 60), 2, 0)).to.equal(2 ** 53 + 2);
  });
});
