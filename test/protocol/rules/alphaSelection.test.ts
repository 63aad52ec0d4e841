import { expect } from "chai";
import * as fc from "fast-check";
import { AlphaGrid, ScoreKind, Strategy } from "#protocol/contracts/enums";
import { alphaCandidates, selectAlpha, targetIsMet } from "#protocol/rules/alphaSelection";
import { addScores, noScores, packScores } from "#protocol/rules/packedScores";

const R = 4;
const tables = fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: R, maxLength: R }), {
  minLength: 1,
  maxLength: 8,
});
const totalsOf = (reports: readonly number[][]) =>
  reports.reduce((totals, scores) => addScores(totals, packScores(scores)), noScores(R));

/** Mean and variance of each column as exact fractions over n and n^2, and a plain search for the best. */
function bruteForce(strategy: Strategy, kind: ScoreKind, reports: readonly number[][]): number {
  const n = reports.length;
  let best: { r: number; value: number } | undefined;
  for (let r = 1; r <= R; r++) {
    const column = reports.map((scores) => scores[r - 1] ?? 0);
    const mean = column.reduce((a, b) => a + b, 0);
    const spread = column.reduce((total, score) => total + (n * score - mean) ** 2, 0);
    const value =
      strategy === Strategy.MinVariance && n > 1 ? -spread : kind === ScoreKind.Accuracy ? mean : -mean;
    if (best === undefined || value > best.value) best = { r, value };
  }
  return best?.r ?? 0;
}

describe("choosing alpha", () => {
  it("chooses as a search over means and squared deviations does, for both strategies and kinds of score", () => {
    const cases = fc.record({
      strategy: fc.constantFrom(...Object.values(Strategy)),
      kind: fc.constantFrom(...Object.values(ScoreKind)),
      reports: tables,
    });
    fc.assert(
      fc.property(cases, ({ strategy, kind, reports }) => {
        expect(selectAlpha(strategy, kind, totalsOf(reports))).to.equal(bruteForce(strategy, kind, reports));
      }),
    );
  });

  it("gives ties to the smallest r", () => {
    const totals = totalsOf([[3, 7, 7, 1]]);
    expect(selectAlpha(Strategy.ArgmaxMean, ScoreKind.Accuracy, totals)).to.equal(2);
    expect(selectAlpha(Strategy.ArgmaxMean, ScoreKind.Error, totals)).to.equal(4);
  });

  it("falls back to the mean when one report shows no variance", () => {
    const one = totalsOf([[1, 2, 9, 4]]);
    expect(selectAlpha(Strategy.MinVariance, ScoreKind.Accuracy, one)).to.equal(3);
  });

  it("compares variances exactly where floating point would not", () => {
    // n Q - S^2 differs by one in about 2^80; doubles see no difference.
    const big = 1n << 40n;
    const totals = { reports: 2, sums: [2n * big, 2n * big], squares: [2n * big * big + 1n, 2n * big * big] };
    expect(selectAlpha(Strategy.MinVariance, ScoreKind.Accuracy, totals)).to.equal(2);
  });

  it("spans the interval from either end, rounded down", () => {
    const terms = { alphaLowerBps: 1000, alphaUpperBps: 2001, negotiationSteps: 3 };
    expect(alphaCandidates({ ...terms, alphaGrid: AlphaGrid.IncludeUpper })).to.deep.equal([
      1333, 1667, 2001,
    ]);
    expect(alphaCandidates({ ...terms, alphaGrid: AlphaGrid.IncludeLower })).to.deep.equal([
      1000, 1333, 1667,
    ]);
  });

  it("meets a target on the mean exactly, from above for accuracy and from below for errors", () => {
    expect(targetIsMet(ScoreKind.Accuracy, 9000, 3, 27_000n)).to.equal(true);
    expect(targetIsMet(ScoreKind.Accuracy, 9000, 3, 26_999n)).to.equal(false);
    expect(targetIsMet(ScoreKind.Error, 50, 3, 150n)).to.equal(true);
    expect(targetIsMet(ScoreKind.Error, 50, 3, 151n)).to.equal(false);
    expect(targetIsMet(ScoreKind.Error, 0, 3, 0n)).to.equal(false);
  });
});
