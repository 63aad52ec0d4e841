/**
 * Steps of the grid in one deviation of Gaussian noise: 2^19 to 2^20. So an integer of the grid below 16 deviations is one
 * that a float32 holds, and noise may be added to a sum on any device: the rounded sum of two integers is a function of
 * their exact sum.
 */
export const GAUSSIAN_BITS = 19;
/** As above for Laplace noise, which goes further out: below 128 scales. */
export const DEVICE_LAPLACE_BITS = 17;
/** Where sums of Laplace noise are taken in double precision: fine, since L1 sensitivity grows with every coordinate. */
export const LAPLACE_BITS = 30;

/** The distance of two values that noise of this scale can lead to: the power of two within 2^bits to 2^(bits + 1) times. */
export function gridStep(scale: number, bits: number): number {
  return 2 ** (Math.floor(Math.log2(scale)) - bits);
}

/**
 * Adds whole steps to values in place: value becomes step (round(value / step) + steps), in double precision.
 * @throws {RangeError} when a value is not finite or beyond 2^50 steps, which no clipped sum is.
 */
export function addOnGrid(values: Float32Array, steps: Float32Array | Float64Array, step: number): void {
  const perStep = 1 / step;
  for (let i = 0; i < values.length; i++) {
    const scaled = (values[i] ?? 0) * perStep;
    if (!(Math.abs(scaled) < 2 ** 50)) {
      throw new RangeError(`A value of ${values[i]} is out of range for a grid of ${step}`);
    }
    values[i] = step * (Math.round(scaled) + (steps[i] ?? 0));
  }
}

/**
 * Share of a clipping bound that is kept back for the rounding of float32 sums and norms: 2^-10. A sum of m gradients
 * in float32 errs by less than m^2 2^-24 of the bound, also in norm.
 */
const FLOAT_MARGIN = 2 ** -10;

/**
 * The norm to clip to, so that one record moves the sum by at most `bound` in L2 norm, after rounding too. Rounding
 * each of d coordinates to a grid moves the difference of two sums by less than one step in each, sqrt(d) steps in all.
 * @throws {RangeError} when rounding would take more than half of the bound.
 */
export function clippingNorm(bound: number, step: number, dimension: number): number {
  const norm = bound * (1 - FLOAT_MARGIN) - step * Math.sqrt(dimension);
  if (norm < bound / 2) {
    throw new RangeError(`A grid of ${step} is too coarse for ${dimension} values clipped to ${bound}`);
  }
  return norm;
}
