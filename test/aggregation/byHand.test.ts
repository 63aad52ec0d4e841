import { expect } from "chai";
import { aggregationRule } from "#learning/aggregation/aggregationRule";
import { flat, vector } from "./updates.ts";

const LARGEST = 3.4028234663852886e38;
const SMALLEST = 2 ** -149;

describe("aggregation worked by hand", () => {
  describe("fedavg", () => {
    const { aggregate } = aggregationRule("fedavg");

    it("weights by samples: (1*1 + 3*5) / 4 = 4", async () => {
      const { tensors } = await aggregate([vector(1, [1], 1), vector(2, [5], 3)], 0);
      expect(flat(tensors)).to.deep.equal([4]);
    });

    it("returns a single update unchanged, subnormals and the largest floats included", async () => {
      const values = [0.1, -7, SMALLEST, -SMALLEST, LARGEST, -LARGEST].map(Math.fround);
      const { tensors } = await aggregate([vector(9, values, 2 ** 53 - 1)], 0);
      expect(flat(tensors)).to.deep.equal(values);
    });

    it("adds in float64: a float32 sum would lose the 1 beside 2^25", async () => {
      const { tensors } = await aggregate([vector(1, [2 ** 25]), vector(2, [1]), vector(3, [-(2 ** 25)])], 0);
      expect(flat(tensors)).to.deep.equal([Math.fround(1 / 3)]);
    });

    it("adds in ascending memberId: 2^60 swallows what comes before its opposite, not what comes after", async () => {
      const [big, one, opposite] = [2 ** 60, 1, -(2 ** 60)];
      expect(
        flat((await aggregate([vector(1, [big]), vector(2, [one]), vector(3, [opposite])], 0)).tensors),
      ).to.deep.equal([0]);
      expect(
        flat((await aggregate([vector(3, [one]), vector(2, [opposite]), vector(1, [big])], 0)).tensors),
      ).to.deep.equal([Math.fround(1 / 3)]);
    });

    it("sums from +0, so only negative zeros give +0", async () => {
      const { tensors } = await aggregate([vector(1, [-0]), vector(2, [-0])], 0);
      expect(Object.is(flat(tensors)[0], 0)).to.equal(true);
    });

    it("does not overflow on the largest floats", async () => {
      const { tensors } = await aggregate(
        [1, 2, 3].map((k) => vector(k, [LARGEST, -LARGEST], 1_000_003)),
        0,
      );
      expect(flat(tensors)).to.deep.equal([LARGEST, -LARGEST]);
    });
  });

  describe("median", () => {
    const { aggregate } = aggregationRule("median");

    it("is the middle of an odd number, whatever the samples", async () => {
      const { tensors } = await aggregate(
        [vector(1, [9, -1], 1000), vector(2, [1, 5]), vector(3, [4, 2])],
        1,
      );
      expect(flat(tensors)).to.deep.equal([4, 2]);
    });

    it("is the mean of the two middle values of an even number", async () => {
      const { tensors } = await aggregate(
        [vector(1, [9]), vector(2, [1]), vector(3, [4]), vector(4, [2])],
        1,
      );
      expect(flat(tensors)).to.deep.equal([3]);
    });

    it("takes the mean in float64: the largest float twice stays itself, the smallest is not lost", async () => {
      const { tensors } = await aggregate(
        [vector(1, [LARGEST, SMALLEST]), vector(2, [LARGEST, SMALLEST])],
        0,
      );
      expect(flat(tensors)).to.deep.equal([LARGEST, SMALLEST]);
    });

    it("sorts -0 before +0", async () => {
      const oneMinus = await aggregate([vector(1, [0]), vector(2, [-0]), vector(3, [0])], 0);
      expect(Object.is(flat(oneMinus.tensors)[0], 0)).to.equal(true);
      const twoMinus = await aggregate([vector(1, [-0]), vector(2, [0]), vector(3, [-0])], 0);
      expect(Object.is(flat(twoMinus.tensors)[0], -0)).to.equal(true);
    });

    it("returns a single update unchanged", async () => {
      expect(flat((await aggregate([vector(4, [-0, 7])], 0)).tensors)).to.deep.equal([-0, 7]);
    });
  });

  describe("trimmedMean", () => {
    const { aggregate } = aggregationRule("trimmedMean");

    it("drops the f lowest and f highest of each coordinate: (2 + 3 + 7) / 3 = 4", async () => {
      const updates = [1000, 2, 3, 7, -1000].map((value, k) => vector(k + 1, [value, -value], 1 + k));
      expect(flat((await aggregate(updates, 1)).tensors)).to.deep.equal([4, -4]);
    });

    it("is the plain mean at f = 0 and the median at 2f + 1 updates", async () => {
      const updates = [10, 2, 3].map((value, k) => vector(k + 1, [value], 1 + k));
      expect(flat((await aggregate(updates, 0)).tensors)).to.deep.equal([5]);
      expect(flat((await aggregate(updates, 1)).tensors)).to.deep.equal([3]);
    });

    it("accepts everyone: it trims values, not members", async () => {
      const { accepted, rejected } = await aggregate(
        [3, 1, 2].map((k) => vector(k, [k])),
        1,
      );
      expect(accepted).to.deep.equal([1, 2, 3]);
      expect(rejected).to.deep.equal([]);
    });
  });

  describe("krum and multiKrum", () => {
    // f = 1, n = 5: each score adds the two nearest squared distances.
    // 0: 1 + 9 = 10;  1: 1 + 4 = 5;  3: 4 + 9 = 13;  6: 9 + 25 = 34;  100: 8836 + 9409 = 18245.
    const line = [0, 1, 3, 6, 100].map((value, k) => vector(k + 1, [value], k + 1));

    it("krum takes the update with the least score and rejects only the f worst", async () => {
      const { tensors, accepted, rejected } = await aggregationRule("krum").aggregate(line, 1);
      expect(flat(tensors)).to.deep.equal([1]);
      expect(accepted).to.deep.equal([1, 2, 3, 4]);
      expect(rejected).to.deep.equal([5]);
    });

    it("multiKrum averages all but the f worst by samples: (1*0 + 2*1 + 3*3 + 4*6) / 10 = 3.5", async () => {
      const { tensors, accepted, rejected } = await aggregationRule("multiKrum").aggregate(line, 1);
      expect(flat(tensors)).to.deep.equal([3.5]);
      expect(accepted).to.deep.equal([1, 2, 3, 4]);
      expect(rejected).to.deep.equal([5]);
    });

    it("gives ties to the lowest memberId: of equal updates the first wins and the last are rejected", async () => {
      const same = [8, 2, 6, 4, 10, 12, 14].map((member) => vector(member, [1, 2]));
      const { accepted, rejected } = await aggregationRule("krum").aggregate(same, 2);
      expect(accepted).to.deep.equal([2, 4, 6, 8, 10]);
      expect(rejected).to.deep.equal([12, 14]);
    });

    it("breaks a tie between different updates by memberId, not by order of arrival", async () => {
      // Scores at f = 0, n = 3, one neighbour: 0 and 1 have 1 each, 5 has 16.
      const { tensors } = await aggregationRule("krum").aggregate(
        [vector(3, [0]), vector(2, [1]), vector(1, [5])],
        0,
      );
      expect(flat(tensors)).to.deep.equal([1]);
    });

    it("measures the largest floats without overflow", async () => {
      const updates = [LARGEST, -LARGEST, 0, 1, 2].map((value, k) => vector(k + 1, [value, value]));
      const { tensors, rejected } = await aggregationRule("krum").aggregate(updates, 1);
      expect(rejected).to.deep.equal([2]);
      expect(flat(tensors)).to.deep.equal([1, 1]);
    });
  });
});
