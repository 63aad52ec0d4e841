import { fixed, FRACTION_BITS, logarithm, roundedProduct } from "./fixedPoint.ts";
import type { Keystream } from "../nodeOnly/keystream.ts";
import { addOnGrid, GAUSSIAN_BITS, gridStep } from "./noiseGrid.ts";
import { density, EDGES, LAYERS } from "./normalLayers.ts";

/** Bits of a uniform number in [-1, 1) that the quick way looks at; where they do not suffice, more are drawn. */
const PREFIX_BITS = 52;
const UNIT = 2 ** (1 - PREFIX_BITS);
/** Adding and subtracting it rounds a double below 2^51 to the nearest integer. */
const ROUNDER = 1.5 * 2 ** 52;
/** Bounds, in deviations, how far a quick draw is from the real number that its bits begin: 2^-49 and two roundings. */
const ERROR = 2 ** -45;

/**
 * Adds Gaussian noise to values in place: each becomes step (round(value / step) + round(N(0, (deviation / step)^2))),
 * where the step is a power of two, 2^-19 to 2^-20 of the deviation.
 *
 * Naive samplers leak: which doubles their logarithms and cosines can give at all depends on the value that the noise is
 * added to (Mironov 2012). Here value and noise are integers of one grid, so a result's possible values do not depend on
 * the value, and its probabilities are those of a normal variate rounded to the nearest integer. For an integer s,
 * round(X + s) = round(X) + s: this is post-processing of the continuous Gaussian mechanism on rounded values, and has
 * all its guarantees, subsampled and composed, for the rounded values' sensitivity, which `clippingNorm` keeps within the
 * bound.
 *
 * @param deviation The standard deviation itself, not its square; positive.
 * @throws {RangeError} when a value is not finite or far beyond the noise.
 */
export function addGaussianNoise(values: Float32Array, deviation: number, random: Keystream): void {
  const step = gridStep(deviation, GAUSSIAN_BITS);
  addOnGrid(values, gaussianIntegers(values.length, deviation / step, random), step);
}

/**
 * Integers with the law of a normal variate of this deviation rounded to the nearest one; the deviation in 2^19 to 2^21.
 *
 * A variate comes from the ziggurat of {@link EDGES}: a layer, and x = U * width for a uniform U of unbounded many bits.
 * 52 of them are looked at first; where they leave open which integer is nearest (about once in 2^22 draws), 64 more
 * follow and the product is exact. What is left are the roundings of the layers' edges and of the density, each at most
 * 2^-50 of the density's peak: the law differs from the exact one by a Kullback-Leibler divergence below 2^-90 a draw,
 * so that N draws are within a total variation of sqrt(N) 2^-45 of exact ones (10^10 draws: 3e-9).
 */
export function gaussianIntegers(count: number, scaled: number, random: Keystream): Float32Array {
  const integers = new Float32Array(count);
  const widths = EDGES.map((edge) => edge * scaled);
  const units = widths.map((width) => width * UNIT);
  const clear = 0.5 - scaled * ERROR;
  let block = random.block();
  let word = 0;
  for (let i = 0; i < count;) {
    if (word === block.length) {
      block = random.block();
      word = 0;
    }
    const low = block[word + 1] ?? 0;
    const layer = low & (LAYERS - 1);
    const prefix = ((block[word] ?? 0) | 0) * 0x10_0000 + (low >>> 12);
    word += 2;
    const x = (prefix + 0.5) * (units[layer] ?? 0);
    let near = x + ROUNDER - ROUNDER;
    if (Math.abs(x) < (widths[layer + 1] ?? 0) || (layer > 0 && isBelowDensity(layer, x / scaled, random))) {
      if (Math.abs(x - near) >= clear) near = nearest(prefix, widths[layer] ?? 0, random);
    } else if (layer === 0) {
      near = Math.sign(x) * tailMagnitude(scaled, random);
    } else continue;
    integers[i] = near;
    i++;
  }
  return integers;
}

/** Whether a random height within the layer lies below the density at x. */
function isBelowDensity(layer: number, x: number, random: Keystream): boolean {
  const [bottom, top] = [density(EDGES[layer] ?? 0), density(EDGES[layer + 1] ?? 0)];
  return bottom + uniform(random) * (top - bottom) < density(x);
}

/** The integer nearest to (prefix + F) width / 2^51 with F uniform in [0, 1). */
function nearest(prefix: number, width: number, random: Keystream): number {
  const product = ((BigInt(prefix) << 64n) | random.bits(64)) * BigInt(width * 2 ** 40);
  const shift = BigInt(PREFIX_BITS - 1 + 64 + 40);
  return Number((product + (1n << (shift - 1n))) >> shift);
}

/** A variate beyond the lowest box, rounded: scaled (R - ln(U) / R), kept with probability exp(-(ln(U) / R)^2 / 2). */
function tailMagnitude(scaled: number, random: Keystream): number {
  const edge = EDGES[1] ?? 0;
  for (;;) {
    const minusLog = -logarithm(random.bits(FRACTION_BITS) + 1n);
    const beyond = (Number(minusLog >> BigInt(FRACTION_BITS - 52)) * 2 ** -52) / edge;
    if (uniform(random) < density(beyond))
      return roundedProduct(fixed(edge * edge) + minusLog, fixed(scaled / edge));
  }
}

/** A uniform double in (0, 1), one of 2^52 equidistant ones. */
function uniform(random: Keystream): number {
  return (random.next() * 0x10_0000 + (random.next() >>> 12) + 0.5) * 2 ** -PREFIX_BITS;
}
