import { AlphaGrid, ScoreKind, Strategy } from "../contracts/enums.ts";
import type { Bps } from "../ids.ts";
import type { ScoreTotals } from "./packedScores.ts";

/** The terms that span the candidates of a negotiation. */
export interface GridTerms {
  readonly alphaLowerBps: number;
  readonly alphaUpperBps: number;
  readonly negotiationSteps: number;
  readonly alphaGrid: AlphaGrid;
}

/**
 * The candidates alpha_1..alpha_R in basis points, rounded down (paper 1, section 3.3): alphaLower + s (alphaUpper -
 * alphaLower) / R with s = r (IncludeUpper) or s = r - 1 (IncludeLower, the prototype's grid).
 */
export function alphaCandidates(terms: GridTerms): readonly Bps[] {
  return Array.from({ length: terms.negotiationSteps }, (_, index) => alphaAt(terms, index + 1));
}

/** The candidate of negotiation index r = 1..R, in basis points. */
export function alphaAt(terms: GridTerms, r: number): Bps {
  const step = terms.alphaGrid === AlphaGrid.IncludeUpper ? r : r - 1;
  const span = terms.alphaUpperBps - terms.alphaLowerBps;
  return (terms.alphaLowerBps + Math.floor((step * span) / terms.negotiationSteps)) as Bps;
}

/**
 * The negotiation index r* in 1..R that a strategy chooses, exactly: ArgmaxMean takes the greatest S_r (the least of
 * errors), MinVariance the least n Q_r - S_r^2 (ArgmaxMean where n < 2). Ties go to the smallest r.
 */
export function selectAlpha(strategy: Strategy, scoreKind: ScoreKind, totals: ScoreTotals): number {
  return indexOfLeast(costs(strategy, scoreKind, totals)) + 1;
}

/** Whether the chosen candidate's mean score reaches the target: S against target * n, exactly. No target (0) is never met. */
export function targetIsMet(
  scoreKind: ScoreKind,
  targetScore: number,
  reports: number,
  sum: bigint,
): boolean {
  if (targetScore === 0) return false;
  const bound = BigInt(targetScore) * BigInt(reports);
  return scoreKind === ScoreKind.Accuracy ? sum >= bound : sum <= bound;
}

function costs(strategy: Strategy, scoreKind: ScoreKind, totals: ScoreTotals): readonly bigint[] {
  if (strategy === Strategy.MinVariance && totals.reports >= 2) {
    const n = BigInt(totals.reports);
    return totals.sums.map((sum, r) => n * (totals.squares[r] ?? 0n) - sum * sum);
  }
  return scoreKind === ScoreKind.Accuracy ? totals.sums.map((sum) => -sum) : totals.sums;
}

function indexOfLeast(values: readonly bigint[]): number {
  let best = 0;
  for (const [index, value] of values.entries()) {
    if (value < (values[best] ?? value)) best = index;
  }
  return best;
}
