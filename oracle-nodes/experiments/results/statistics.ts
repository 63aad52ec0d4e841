/** A paired comparison over seeds: the difference of two schemes, one value a seed. */
export interface PairedTest {
  readonly n: number;
  readonly mean: number;
  /** Standard deviation of the differences; NaN for one seed. */
  readonly deviation: number;
  /** 95 % confidence interval of the mean by Student's t; NaN for one seed. */
  readonly interval: readonly [number, number];
  /** Two-sided p of the paired t-test; NaN where all differences are equal or there is one. */
  readonly tTest: number;
  /** Two-sided p of Wilcoxon's signed-rank test, exact; undefined for more than {@link EXACT_LIMIT} differences. */
  readonly wilcoxon: number | undefined;
}

/** Differences up to which all signs are enumerated. */
export const EXACT_LIMIT = 20;

/** Tests paired differences against 0. The unit is the seed: nodes of one seed share models and are not independent. */
export function pairedTest(differences: readonly number[]): PairedTest {
  const n = differences.length;
  const mean = meanOf(differences);
  const deviation = deviationOf(differences);
  const error = deviation / Math.sqrt(n);
  const margin = tQuantile(0.975, n - 1) * error;
  return {
    n,
    mean,
    deviation,
    interval: [mean - margin, mean + margin],
    tTest: error > 0 ? 2 * tTail(Math.abs(mean / error), n - 1) : Number.NaN,
    wilcoxon: wilcoxonExact(differences),
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation, with n - 1; NaN for fewer than two values. */
export function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1));
}

/**
 * Two-sided p of Wilcoxon's signed-rank test by enumeration of all signs: zero differences are dropped, ties share their
 * mean rank, and the distribution is that of the ranks as they are. 1 where nothing differs.
 */
export function wilcoxonExact(differences: readonly number[]): number | undefined {
  const nonZero = differences.filter((difference) => difference !== 0);
  if (nonZero.length > EXACT_LIMIT) return undefined;
  const sizes = nonZero.map(Math.abs);
  // Twice the rank is whole, so that sums compare exactly.
  const ranks = sizes.map(
    (size) =>
      2 * sizes.filter((other) => other < size).length + sizes.filter((other) => other === size).length + 1,
  );
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const positive = ranks.reduce((sum, rank, i) => sum + ((nonZero[i] ?? 0) > 0 ? rank : 0), 0);
  const distance = Math.abs(2 * positive - total);
  // Number of sign patterns for each sum of positive ranks.
  const counts = new Float64Array(total + 1);
  counts[0] = 1;
  for (const rank of ranks) {
    for (let sum = total; sum >= rank; sum--) counts[sum] = (counts[sum] ?? 0) + (counts[sum - rank] ?? 0);
  }
  const extreme = counts.reduce(
    (count, patterns, sum) => (Math.abs(2 * sum - total) >= distance ? count + patterns : count),
    0,
  );
  return extreme / 2 ** ranks.length;
}

/** P(T > t) for t >= 0 of Student's t with `df` degrees of freedom. */
export function tTail(t: number, df: number): number {
  return 0.5 * regularisedBeta(df / (df + t * t), df / 2, 0.5);
}

/** The quantile of Student's t for p in (0.5, 1), by bisection to double precision; NaN without degrees of freedom. */
export function tQuantile(p: number, df: number): number {
  if (df < 1) return Number.NaN;
  let [low, high] = [0, 1e6];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (1 - tTail(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8), modified Lentz. */
function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - regularisedBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1), tiny);
  let fraction = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d, tiny);
    c = awayFromZero(1 + even / c, tiny);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d, tiny);
    c = awayFromZero(1 + odd / c, tiny);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return (front * fraction) / a;
}

function awayFromZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** ln Gamma(x) for x > 0 (Lanczos, g = 7, n = 9). */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x - 1 + 7.5;
  const sum = coefficients.reduce((total, c, i) => total + (i === 0 ? c : c / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}
