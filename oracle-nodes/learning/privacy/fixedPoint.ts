/** Fractional bits of a fixed-point number x, held as the integer round(x 2^192). */
export const FRACTION_BITS = 192;
const SHIFT = BigInt(FRACTION_BITS);
const ONE = 1n << SHIFT;

/** A double in (-2^53, 2^53), to its 52nd fractional bit. */
export function fixed(x: number): bigint {
  return BigInt(Math.round(x * 2 ** 52)) << (SHIFT - 52n);
}

/** ln x for x in (0, 1]. */
export function logarithm(x: bigint): bigint {
  const exponent = BigInt(FRACTION_BITS + 1 - x.toString(2).length);
  const mantissa = x << exponent;
  return twiceArtanh(((mantissa - ONE) << SHIFT) / (mantissa + ONE)) - exponent * LN_2;
}

/** The integer nearest to a product. */
export function roundedProduct(a: bigint, b: bigint): number {
  return Number((a * b + (1n << (2n * SHIFT - 1n))) >> (2n * SHIFT));
}

/** 2 artanh z for |z| <= 1/3, by its series. */
function twiceArtanh(z: bigint): bigint {
  const square = (z * z) >> SHIFT;
  let sum = 0n;
  let power = z;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = (power * square) >> SHIFT;
  }
  return 2n * sum;
}

const LN_2 = twiceArtanh(ONE / 3n);
