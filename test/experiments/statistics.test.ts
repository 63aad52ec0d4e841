import { expect } from "chai";
import { headroom } from "#experiments/results/headroom";
import { pairedTest, tQuantile, tTail, wilcoxonExact } from "#experiments/results/statistics";
import { SeededRandom } from "#learning/seededRandom";

describe("The statistics over seeds", () => {
  it("knows Student's t as the tables print it", () => {
    for (const [df, quantile] of [
      [1, 12.7062],
      [2, 4.30265],
      [4, 2.77645],
      [9, 2.26216],
      [29, 2.04523],
    ] as const) {
      near(tQuantile(0.975, df), quantile, 1e-5 * quantile);
      near(tTail(quantile, df), 0.025, 1e-6);
    }
    // Closed forms: 1/2 - atan(t)/pi for one degree of freedom, 1/2 - t / (2 sqrt(2 + t^2)) for two.
    for (const t of [0, 0.3, 1, 4.5, 40]) {
      near(tTail(t, 1), 0.5 - Math.atan(t) / Math.PI, 1e-12);
      near(tTail(t, 2), 0.5 - t / (2 * Math.sqrt(2 + t * t)), 1e-12);
    }
  });

  it("gives the paired t-test and interval of a textbook's example", () => {
    // Student's sleep data (1908): extra hours of ten patients under two drugs; t = -4.0621, p = 0.002833.
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const test = pairedTest(first.map((value, i) => value - (second[i] ?? 0)));
    near(test.mean, -1.58, 1e-12);
    near(test.tTest, 0.002833, 5e-7);
    near(test.interval[0], -2.4598858, 1e-6);
    near(test.interval[1], -0.7001142, 1e-6);
    // One difference is zero; the nine others are all of one sign.
    near(test.wilcoxon, 2 / 2 ** 9, 1e-15);
  });

  it("agrees with Wilcoxon's test by trying all signs, ties and zeros included", () => {
    const random = new SeededRandom(1, "wilcoxon");
    for (let trial = 0; trial < 60; trial++) {
      const differences = Array.from({ length: 1 + random.below(9) }, () => random.below(9) - 4);
      near(wilcoxonExact(differences), bySigns(differences), 1e-12);
    }
    expect(wilcoxonExact([0, 0])).to.equal(1);
    expect(wilcoxonExact(Array.from({ length: 21 }, (_, i) => i + 1))).to.equal(undefined);
  });

  it("finds the headroom over the best common and over the negotiated alpha", () => {
    const row = (node: number, alpha: number, validationBps: number, correct: number) => ({
      variant: "", seed: 1, round: 2, node, alpha, validationBps, correct, total: 10,
    }); // prettier-ignore
    const candidates = [
      row(1, 0.5, 9000, 9),
      row(1, 0.8, 7000, 6),
      row(2, 0.5, 5000, 5),
      row(2, 0.8, 8000, 9),
    ];
    // Best of each node: 90 %; 0.5 gives 70 % and 0.8 75 % on test, and 0.8 wins on validation as well.
    expect(headroom({ candidates }, 2)).to.deep.equal([
      { variant: "", seed: 1, overBestCommon: 15, overNegotiated: 15 },
    ]);
    const swapped = [...candidates.slice(0, 1), row(1, 0.8, 5000, 6), ...candidates.slice(2)];
    expect(headroom({ candidates: swapped }, 2)[0]?.overNegotiated).to.equal(20);
    expect(headroom({ candidates }, 1)).to.deep.equal([]);
  });
});

/** Chai's closeTo takes whole numbers alone once the trajectory's matchers are loaded into the same process. */
function near(found: number | undefined, expected: number, tolerance: number): void {
  expect(Math.abs((found ?? Number.NaN) - expected), `${found}, not ${expected}`).to.be.at.most(tolerance);
}

/** The definition: the share of sign patterns whose rank sum is at least as far from its mean as the observed one. */
function bySigns(differences: readonly number[]): number {
  const values = differences.filter((value) => value !== 0);
  const sizes = values.map(Math.abs).toSorted((a, b) => a - b);
  const ranks = values.map(
    (value) => (sizes.indexOf(Math.abs(value)) + sizes.lastIndexOf(Math.abs(value))) / 2 + 1,
  );
  const centre = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const distance = (isPositive: (i: number) => boolean) =>
    Math.abs(ranks.reduce((sum, rank, i) => sum + (isPositive(i) ? rank : 0), 0) - centre);
  const observed = distance((i) => (values[i] ?? 0) > 0);
  const patterns = 2 ** values.length;
  let extreme = 0;
  for (let pattern = 0; pattern < patterns; pattern++)
    if (distance((i) => ((pattern >> i) & 1) === 1) >= observed) extreme++;
  return extreme / patterns;
}
