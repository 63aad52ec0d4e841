import { fixed, FRACTION_BITS, logarithm, roundedProduct } from "./fixedPoint.ts";
import type { Keystream } from "../nodeOnly/keystream.ts";
import { addOnGrid, gridStep, LAPLACE_BITS } from "./noiseGrid.ts";

/** Bits of a uniform number in (0, 1) that the quick way looks at; where they do not suffice, more are drawn. */
const PREFIX_BITS = 52;
const UNIT = 2 ** -PREFIX_BITS;
/** Bounds the relative error of one logarithm (V8: one unit in the last place) and two roundings fivefold. */
const RELATIVE_ERROR = 2 ** -48;

/**
 * Adds Laplace noise of density exp(-|x| / scale) / (2 scale) to values in place, rounded to a grid whose step is a power
 * of two, 2^-30 to 2^-31 of the scale. What `addGaussianNoise` says of the grid holds here too. Rounding adds less than
 * one step to the L1 sensitivity for each coordinate.
 *
 * @param scale The b of Lap(b), positive; the deviation is b sqrt(2).
 * @throws {RangeError} when a value is not finite or far beyond the noise.
 */
export function addLaplaceNoise(values: Float32Array, scale: number, random: Keystream): void {
  const step = gridStep(scale, LAPLACE_BITS);
  addOnGrid(values, laplaceIntegers(values.length, scale / step, random), step);
}

/**
 * Integers with the law of a Laplace variate of this scale rounded to the nearest one; the scale in 2^17 to 2^31.
 *
 * The variate is -scale ln U with a random sign, U having unbounded many bits: 52 are looked at first, and where the error
 * of what they give leaves open which integer is nearest (once in 2^14 draws, or less), 140 more follow and the logarithm is
 * taken in 192-bit arithmetic.
 */
export function laplaceIntegers(count: number, scaled: number, random: Keystream): Float64Array {
  const integers = new Float64Array(count);
  let block = random.block();
  let word = 0;
  for (let i = 0; i < count; i++) {
    if (word === block.length) {
      block = random.block();
      word = 0;
    }
    const low = block[word + 1] ?? 0;
    const prefix = (block[word] ?? 0) * 0x10_0000 + (low >>> 12);
    word += 2;
    const middle = (prefix + 0.5) * UNIT;
    const x = -scaled * Math.log(middle);
    let near = Math.round(x);
    const error = (scaled * UNIT) / middle + x * RELATIVE_ERROR;
    if (Math.abs(x - near) + error >= 0.5) near = nearest(prefix, scaled, random);
    integers[i] = (1 - 2 * (low & 1)) * near;
  }
  return integers;
}

/** The integer nearest to -scaled ln U, where U begins with the prefix. */
function nearest(prefix: number, scaled: number, random: Keystream): number {
  const rest = FRACTION_BITS - PREFIX_BITS;
  const uniform = (BigInt(prefix) << BigInt(rest)) | random.bits(rest);
  return roundedProduct(-logarithm(uniform + 1n), fixed(scaled));
}
