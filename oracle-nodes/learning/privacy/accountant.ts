import { gaussianEpsilon } from "./gaussianMechanism.ts";
import { lossCells } from "./lossCells.ts";
import { composedEpsilon } from "./lossDistribution.ts";
import type { Use } from "./mechanism.ts";
import { ORDERS, renyiEpsilon, WHOLE_ORDERS } from "./renyi.ts";

/**
 * The least epsilon known for a delta after all these uses of the same data, each of which may depend on the results
 * before it: the smaller of what Renyi divergences and what the composed privacy losses give, both upper bounds.
 * Unsampled Gaussian noise is exact. Neighbours differ by one record that is added or removed.
 *
 * It covers what was computed from a node's training records through these mechanisms, and nothing else: not the public
 * table of scores on its validation records, not a normalisation fitted on the records, not the number of records
 * itself, which the update states, and not records that several nodes hold, whose budgets add up.
 */
export function epsilonOf(uses: readonly Use[], delta: number): number {
  const used = uses.filter(({ times }) => times > 0);
  if (used.length === 0) return 0;
  const precision = gaussianPrecision(used);
  if (precision !== undefined) return gaussianEpsilon(1 / Math.sqrt(precision), delta);
  const composed = lossEpsilon(used, delta);
  // Composed losses are tighter but for losses far below their grid's step, where whole orders do.
  return Math.min(composed, renyiEpsilon(used, delta, Number.isFinite(composed) ? WHOLE_ORDERS : ORDERS));
}

/** The sum of 1 / noiseMultiplier^2, where all uses are unsampled Gaussian noise. */
function gaussianPrecision(uses: readonly Use[]): number | undefined {
  let sum = 0;
  for (const { mechanism, times } of uses) {
    if (mechanism.kind !== "gaussian" || mechanism.samplingRate !== 1) return undefined;
    sum += times / mechanism.noiseMultiplier ** 2;
  }
  return sum;
}

/** Infinite where a mechanism's worst pair of neighbours is not known. */
function lossEpsilon(uses: readonly Use[], delta: number): number {
  const pairs = uses.map(({ mechanism, times }) => ({ cells: lossCells(mechanism), times }));
  const directions = ([0, 1] as const).map((direction) => {
    const losses = pairs.flatMap(({ cells, times }) =>
      cells === undefined ? [] : [{ cells: cells[direction], times }],
    );
    return losses.length < uses.length ? Number.POSITIVE_INFINITY : composedEpsilon(losses, delta);
  });
  return Math.max(...directions);
}
