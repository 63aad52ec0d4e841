import type { Results } from "./collect.ts";
import { meanOf } from "./statistics.ts";

/** What a rule better than one alpha for all could gain at most, in percentage points of clean accuracy, for one seed. */
export interface Headroom {
  readonly variant: string;
  readonly seed: number;
  /** Each node's best candidate on its own test split, minus the candidate that is best for the mean of all. */
  readonly overBestCommon: number;
  /** The same, minus the candidate with the greatest mean validation score: the negotiated one. */
  readonly overNegotiated: number;
}

/**
 * Headroom of a round. The best alphas are chosen on the very split that is reported, so this is an upper bound: part of it
 * is luck that no rule can foresee.
 */
export function headroom({ candidates }: Pick<Results, "candidates">, round: number): readonly Headroom[] {
  const rows = candidates.filter((row) => row.round === round);
  const groups = Map.groupBy(rows, ({ variant, seed }) => JSON.stringify([variant, seed]));
  return [...groups.values()].map((ofSeed) => {
    const { variant = "", seed = 0 } = ofSeed[0] ?? {};
    const nodes = [...new Set(ofSeed.map(({ node }) => node))];
    const alphas = [...new Set(ofSeed.map(({ alpha }) => alpha))];
    const test = (alpha: number) =>
      meanOf(
        ofSeed.filter((row) => row.alpha === alpha).map(({ correct, total }) => (100 * correct) / total),
      );
    const validation = (alpha: number) =>
      meanOf(ofSeed.filter((row) => row.alpha === alpha).map(({ validationBps }) => validationBps));
    const best = meanOf(
      nodes.map((node) =>
        Math.max(
          ...ofSeed.filter((row) => row.node === node).map(({ correct, total }) => (100 * correct) / total),
        ),
      ),
    );
    const negotiated = alphas.reduce((a, b) => (validation(b) > validation(a) ? b : a));
    return {
      variant,
      seed,
      overBestCommon: best - Math.max(...alphas.map(test)),
      overNegotiated: best - test(negotiated),
    };
  });
}
