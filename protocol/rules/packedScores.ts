const LANE_BITS = 16n;
const LANE = (1n << LANE_BITS) - 1n;
/** Lanes of a word: the most steps that a negotiation can have. */
export const MAX_NEGOTIATION_STEPS = 16;

/** Running totals of a round's reports: n, and for r = 1..R at index r - 1 the sums S_r and sums of squares Q_r. */
export interface ScoreTotals {
  readonly reports: number;
  readonly sums: readonly bigint[];
  readonly squares: readonly bigint[];
}

/** R scores as one word, score r in bits 16 (r - 1) and up. @throws {RangeError} unless each fits 16 bits. */
export function packScores(scores: readonly number[]): bigint {
  if (scores.length > MAX_NEGOTIATION_STEPS)
    throw new RangeError(`${scores.length} scores do not fit a word`);
  return scores.reduceRight((word, score) => {
    if (!Number.isInteger(score) || score < 0 || score > Number(LANE)) {
      throw new RangeError(`Score ${score} does not fit 16 bits`);
    }
    return (word << LANE_BITS) | BigInt(score);
  }, 0n);
}

/** The first `steps` scores of a word. */
export function unpackScores(word: bigint, steps: number): number[] {
  return Array.from({ length: steps }, (_, r) => Number((word >> (BigInt(r) * LANE_BITS)) & LANE));
}

/** Whether a word holds `steps` scores of at most `maxScore` and nothing above them. */
export function scoresAreValid(word: bigint, steps: number, maxScore: number): boolean {
  if (word < 0n || word >> (BigInt(steps) * LANE_BITS) !== 0n) return false;
  return unpackScores(word, steps).every((score) => score <= maxScore);
}

/** Totals before the first report. */
export function noScores(steps: number): ScoreTotals {
  const zeros = Array.from({ length: steps }, () => 0n);
  return { reports: 0, sums: zeros, squares: zeros };
}

/** Totals with one more report. */
export function addScores(totals: ScoreTotals, word: bigint): ScoreTotals {
  const scores = unpackScores(word, totals.sums.length).map(BigInt);
  return {
    reports: totals.reports + 1,
    sums: totals.sums.map((sum, r) => sum + (scores[r] ?? 0n)),
    squares: totals.squares.map((square, r) => square + (scores[r] ?? 0n) ** 2n),
  };
}
