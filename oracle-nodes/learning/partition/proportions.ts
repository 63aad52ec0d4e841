import type { SeededRandom } from "../seededRandom.ts";

/**
 * One draw from the symmetric Dirichlet distribution: `count` shares that sum to 1. It works with logarithms, for with a
 * small alpha most of the gamma variates are too small for a number.
 */
export function dirichletShares(alpha: number, count: number, random: SeededRandom): number[] {
  const logs = Array.from({ length: count }, () => logGamma(alpha, random));
  const greatest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - greatest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Shares that fall with a power of their rank, rank^-exponent, and sum to 1. */
export function powerLawShares(exponent: number, count: number): number[] {
  const weights = Array.from({ length: count }, (_, rank) => Math.exp(-exponent * Math.log(rank + 1)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Whole numbers in the proportion of the shares that sum to `total`: differences of rounded running sums. */
export function apportion(shares: readonly number[], total: number): number[] {
  let running = 0;
  let given = 0;
  return shares.map((share, i) => {
    running += share;
    const upTo = i === shares.length - 1 ? total : Math.min(total, Math.floor(running * total + 0.5));
    const part = upTo - given;
    given = upTo;
    return part;
  });
}

/** The logarithm of a gamma variate of a shape (Marsaglia and Tsang 2000, with their step down for shapes below 1). */
function logGamma(shape: number, random: SeededRandom): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(positiveUniform(random)) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = gaussian(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(positiveUniform(random)) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return Math.log(d) + Math.log(v);
    }
  }
}

/** A standard normal variate (Box and Muller): the gamma variates' tails need more than a sum of uniforms. */
function gaussian(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(positiveUniform(random))) * Math.cos(2 * Math.PI * random.uniform());
}

/** Uniform in (0, 1]. */
function positiveUniform(random: SeededRandom): number {
  return 1 - random.uniform();
}
