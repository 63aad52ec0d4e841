import type { Mechanism, Use } from "./mechanism.ts";
import { logUpperTail } from "./normalTail.ts";

/** Orders at which divergences are taken: fine where budgets are usual, coarse beyond. */
export const ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 54 }, (_, i) => 11 + i),
  80,
  96,
  128,
  192,
  256,
  512,
  1024,
];

/** Those of them at which divergences are quick to compute. */
export const WHOLE_ORDERS: readonly number[] = ORDERS.filter((order) => Number.isInteger(order));

/**
 * The least epsilon for a delta that Renyi divergences give: composition adds divergences at each order (Mironov 2017),
 * and an order a with divergence r gives epsilon = r + ln(1 - 1/a) - ln(a delta) / (a - 1) (Canonne, Kamath and Steinke
 * 2020, Proposition 12; Balle et al. 2020).
 */
export function renyiEpsilon(uses: readonly Use[], delta: number, orders = ORDERS): number {
  // Pure budgets add up, whatever delta is.
  const pure = uses.reduce((sum, { mechanism, times }) => sum + times * pureEpsilon(mechanism), 0);
  const epsilons = orders.map((order) => {
    const divergence = uses.reduce(
      (sum, { mechanism, times }) => sum + times * renyiDivergence(mechanism, order),
      0,
    );
    return divergence + Math.log1p(-1 / order) - Math.log(order * delta) / (order - 1);
  });
  return Math.max(0, Math.min(pure, ...epsilons));
}

/** The epsilon that a mechanism keeps to with a delta of 0; infinite for noise that has none. */
function pureEpsilon(mechanism: Mechanism): number {
  if (mechanism.kind === "gaussian") return Number.POSITIVE_INFINITY;
  return mechanism.epsilon ?? Number.POSITIVE_INFINITY;
}

/** A bound on the Renyi divergence of a mechanism's results on neighbours, at an order above 1; infinite if none is known. */
export function renyiDivergence(mechanism: Mechanism, order: number): number {
  switch (mechanism.kind) {
    case "gaussian":
      return sampledGaussian(mechanism.noiseMultiplier, mechanism.samplingRate, order);
    case "laplace":
      return laplace(mechanism.epsilon, order);
    case "pure":
      return randomisedResponse(mechanism.epsilon, order);
    case "concentrated": {
      const { rho, samplingRate, epsilon = Number.POSITIVE_INFINITY } = mechanism;
      return Math.min(epsilon, sampledConcentrated(rho, samplingRate, order));
    }
  }
}

/** Mironov, Talwar and Zhang (2019), "Renyi Differential Privacy of the Sampled Gaussian Mechanism". */
function sampledGaussian(sigma: number, q: number, order: number): number {
  if (q === 0) return 0;
  if (q === 1) return order / (2 * sigma ** 2);
  const logMoment = Number.isInteger(order)
    ? integerMoment(sigma, q, order)
    : fractionalMoment(sigma, q, order);
  return Math.max(0, logMoment) / (order - 1);
}

/** Their Eq. 5 in section 3.3: the logarithm of sum_k C(a, k) (1 - q)^(a - k) q^k exp((k^2 - k) / (2 sigma^2)). */
function integerMoment(sigma: number, q: number, order: number): number {
  let sum = Number.NEGATIVE_INFINITY;
  let logBinomial = 0;
  for (let k = 0; k <= order; k++) {
    const power = (k * k - k) / (2 * sigma ** 2);
    sum = logAdd(sum, logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q) + power);
    logBinomial += Math.log((order - k) / (k + 1));
  }
  return sum;
}

/** Terms after which an order is given up, so that it bounds nothing: low orders converge slowly where there is little noise. */
const MAX_TERMS = 20_000;

/** Their section 3.3 for fractional orders: two series that meet at z0, where both terms of the mixture are equal. */
function fractionalMoment(sigma: number, q: number, order: number): number {
  const z0 = sigma ** 2 * Math.log(1 / q - 1) + 0.5;
  /** Positive and negative terms apart: from k > order on, binomials alternate in sign. */
  const sums = { plus: Number.NEGATIVE_INFINITY, minus: Number.NEGATIVE_INFINITY };
  let logBinomial = 0;
  let isPositive = true;
  for (let k = 0; k < MAX_TERMS; k++) {
    const j = order - k;
    const left =
      logBinomial +
      k * Math.log(q) +
      j * Math.log1p(-q) +
      (k * k - k) / (2 * sigma ** 2) +
      logUpperTail((k - z0) / sigma);
    const right =
      logBinomial +
      j * Math.log(q) +
      k * Math.log1p(-q) +
      (j * j - j) / (2 * sigma ** 2) +
      logUpperTail((z0 - j) / sigma);
    const both = logAdd(left, right);
    if (isPositive) sums.plus = logAdd(sums.plus, both);
    else sums.minus = logAdd(sums.minus, both);
    if (k > order && both < sums.plus - 36) return sums.plus + Math.log1p(-Math.exp(sums.minus - sums.plus));
    logBinomial += Math.log(Math.abs(j) / (k + 1));
    if (j < 0) isPositive = !isPositive;
  }
  return Number.POSITIVE_INFINITY;
}

/** Mironov (2017), Table II. */
function laplace(epsilon: number, order: number): number {
  const toward = Math.log(order / (2 * order - 1)) + (order - 1) * epsilon;
  const away = Math.log((order - 1) / (2 * order - 1)) - order * epsilon;
  return Math.max(0, logAdd(toward, away)) / (order - 1);
}

/** Randomised response is the worst epsilon-private mechanism (Kairouz, Oh and Viswanath 2015). */
function randomisedResponse(epsilon: number, order: number): number {
  const toward = order * epsilon;
  const away = (1 - order) * epsilon;
  const logMoment = logAdd(toward, away) - Math.log1p(Math.exp(epsilon));
  return Math.max(0, logMoment) / (order - 1);
}

/**
 * Zhu and Wang (2019), "Poisson Subsampled Renyi Differential Privacy", Theorem 5, for whole orders; no other is
 * bounded here unless all records take part.
 */
function sampledConcentrated(rho: number, q: number, order: number): number {
  if (q === 1) return rho * order;
  if (!Number.isInteger(order)) return Number.POSITIVE_INFINITY;
  let sum = (order - 1) * Math.log1p(-q) + Math.log1p((order - 1) * q);
  let logBinomial = Math.log(order);
  for (let k = 2; k <= order; k++) {
    logBinomial += Math.log((order - k + 1) / k);
    const term = logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q) + (k - 1) * k * rho;
    sum = logAdd(sum, k === 2 ? term : term + Math.log(3));
  }
  return Math.min(rho * order, sum / (order - 1));
}

/** ln(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}
