import { transform } from "./fourier.ts";
import type { LossCells } from "./lossCells.ts";

/** Points of the grid of composed losses. */
const POINTS = 1 << 16;
/** Mass of composed losses that may lie outside of the grid; it is added to delta. */
const OUTSIDE = 1e-13;
/** Exponents at which the moments of losses are taken to bound what lies outside. */
const EXPONENTS = Array.from({ length: 60 }, (_, i) => 0.02 * 1.2 ** i);

/** A privacy loss and how many times it is suffered. */
export interface ComposedLoss {
  readonly cells: LossCells;
  readonly times: number;
}

/** Losses on a grid: P's mass `mass[i]` at (first + i) step, and `lost` at infinity. */
interface GridLoss {
  readonly first: number;
  readonly step: number;
  readonly mass: Float64Array;
  readonly lost: number;
}

interface RepeatedLoss {
  readonly grid: GridLoss;
  readonly times: number;
}

/**
 * The least epsilon for a delta that a composition of privacy losses has, never too small but for rounding.
 *
 * Each loss is put on a grid so that the masses of P and of Q in every cell are kept (Doroshenko et al. 2022, "Connect the
 * Dots"): this only makes P and Q easier to tell apart. Sums of independent losses are convolutions, taken by the fast
 * Fourier transform. What leaves the grid is bounded by Chernoff's inequality and added to delta, like twice what the
 * transform's rounding makes negative.
 */
export function composedEpsilon(losses: readonly ComposedLoss[], delta: number): number {
  const { first, step, exponents } = chooseGrid(losses);
  const grids = losses.map(({ cells, times }) => ({ grid: onGrid(cells, step), times }));
  const lost = grids.reduce((sum, { grid, times }) => sum + times * grid.lost, 0);
  const outside =
    massBeyond(grids, 1, exponents[1], (first + POINTS) * step) +
    massBeyond(grids, -1, exponents[0], -first * step);
  const mass = convolve(grids);
  let rounding = 0;
  for (let i = 0; i < POINTS; i++) rounding += Math.max(0, -(mass[i] ?? 0));
  const rest = delta - lost - outside - 2 * rounding;
  if (rest <= 0) return Number.POSITIVE_INFINITY;
  // delta(epsilon) = sum over losses above epsilon of p - e^epsilon q, from the greatest loss downwards.
  // q is kept times e^epsilon, which alone would overflow where there is little noise.
  let [p, q] = [0, 0];
  const shrink = Math.exp(-step);
  for (let index = first + POINTS - 1; index >= first; index--) {
    q *= shrink;
    if (p - q > rest) return Math.max(0, index * step + Math.log((p - rest) / q));
    const here = Math.max(0, mass[((index % POINTS) + POINTS) % POINTS] ?? 0);
    p += here;
    q += here;
  }
  return 0;
}

/**
 * A grid that holds the sum of all losses but for a mass of {@link OUTSIDE}, found on a coarser one, and the exponents of
 * Chernoff's bounds at its lower and upper end.
 */
function chooseGrid(losses: readonly ComposedLoss[]) {
  const widest = Math.max(...losses.map(({ cells }) => cells.greatest - cells.least));
  const coarse = losses.map(({ cells, times }) => ({ grid: onGrid(cells, widest / 4096), times }));
  /** Where the bound of some exponent first falls to OUTSIDE / 4. */
  const reach = (side: 1 | -1) =>
    EXPONENTS.map((exponent) => {
      const at = (logMomentOfSum(coarse, side * exponent) - Math.log(OUTSIDE / 4)) / exponent;
      return { exponent, at };
    }).reduce((least, next) => (next.at < least.at ? next : least));
  const [low, high] = [reach(-1), reach(1)];
  // One loss has to fit too: the transform is cyclic.
  const step = (1.05 * Math.max(high.at + low.at, widest)) / POINTS;
  return { first: Math.floor(-low.at / step) - 1, step, exponents: [low.exponent, high.exponent] as const };
}

/** Chernoff's bound: P(side * sum of losses >= x) <= E exp(t side sum) e^(-t x). */
function massBeyond(grids: readonly RepeatedLoss[], side: 1 | -1, exponent: number, x: number): number {
  return Math.exp(Math.min(0, logMomentOfSum(grids, side * exponent) - exponent * x));
}

function logMomentOfSum(grids: readonly RepeatedLoss[], exponent: number): number {
  return grids.reduce((sum, { grid, times }) => sum + times * logMomentOf(grid, exponent), 0);
}

function logMomentOf({ first, step, mass }: GridLoss, exponent: number): number {
  const powers = mass.map((p, i) => Math.log(p) + exponent * (first + i) * step);
  // Factored by the greatest, so that none overflows and not all underflow.
  const greatest = powers.reduce((most, power) => Math.max(most, power), Number.NEGATIVE_INFINITY);
  return greatest + Math.log(powers.reduce((sum, power) => sum + Math.exp(power - greatest), 0));
}

/** Splits each cell's mass between its two ends so that P's and Q's masses, p and p e^-loss, are both kept. */
function onGrid({ least, greatest, masses }: LossCells, step: number): GridLoss {
  const first = Math.floor(least / step) - 1;
  const last = Math.ceil(greatest / step) + 1;
  const edges = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const mass = new Float64Array(edges.length);
  masses(edges).forEach(([p, q], i) => {
    const upper = edges[i + 1] ?? 0;
    // Losses whose exponential overflows go to the upper end, which is never too private.
    const low = upper > 700 ? 0 : Math.min(p, Math.max(0, (q * Math.exp(upper) - p) / Math.expm1(step)));
    mass[i] = (mass[i] ?? 0) + low;
    mass[i + 1] = (mass[i + 1] ?? 0) + p - low;
  });
  const [below, above] = [
    masses([Number.NEGATIVE_INFINITY, first * step]),
    masses([last * step, Number.POSITIVE_INFINITY]),
  ];
  mass[0] = (mass[0] ?? 0) + (below[0]?.[0] ?? 0);
  return { first, step, mass, lost: above[0]?.[0] ?? 0 };
}

/** P's mass of the sum of all losses, at the index of the loss modulo {@link POINTS}. */
function convolve(grids: readonly RepeatedLoss[]): Float64Array {
  const product = { real: new Float64Array(POINTS).fill(1), imaginary: new Float64Array(POINTS) };
  for (const { grid, times } of grids) {
    const signal = { real: new Float64Array(POINTS), imaginary: new Float64Array(POINTS) };
    grid.mass.forEach((p, i) => {
      const index = (((grid.first + i) % POINTS) + POINTS) % POINTS;
      signal.real[index] = (signal.real[index] ?? 0) + p;
    });
    transform(signal);
    for (let k = 0; k < POINTS; k++) {
      const [x, y] = [signal.real[k] ?? 0, signal.imaginary[k] ?? 0];
      const radius = Math.hypot(x, y) ** times;
      const angle = Math.atan2(y, x) * times;
      const [a, b] = [product.real[k] ?? 0, product.imaginary[k] ?? 0];
      const [c, d] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      product.real[k] = a * c - b * d;
      product.imaginary[k] = a * d + b * c;
    }
  }
  transform(product, true);
  return product.real.map((value) => value / POINTS);
}
