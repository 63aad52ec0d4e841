/** Steps of the grid in one deviation of Gaussian noise, at least: 2^20. */
const GAUSSIAN_BITS = 20;
/** Steps of the grid in one scale of Laplace noise, at least: 2^30, since L1 sensitivity grows with every coordinate. */
const LAPLACE_BITS = 30;

/** The distance of two values that Gaussian noise of this deviation can lead to: a power of two. */
export function gaussianStep(deviation: number): number {
  return 2 ** (Math.floor(Math.log2(deviation)) - GAUSSIAN_BITS);
}

/** The distance of two values that Laplace noise of this scale can lead to: a power of two. */
export function laplaceStep(scale: number): number {
  return 2 ** (Math.floor(Math.log2(scale)) - LAPLACE_BITS);
}

/**
 * Share of a clipping bound that is kept back for the rounding of float32 sums and norms: 2^-10. A sum of m gradients
 * in float32 errs by less than m^2 2^-24 of the bound, also in norm.
 */
const FLOAT_MARGIN = 2 ** -10;

/**
 * The norm to clip to, so that one record moves the sum by at most `bound` in L2 norm, after rounding too. Rounding
 * each of d coordinates to a grid moves the difference of two sums by less than one step in each, sqrt(d) steps in all.
 * @throws {RangeError} when the grid is too coarse for the bound, which noise below a millionth of it would need.
 */
export function clippingNorm(bound: number, step: number, dimension: number): number {
  const norm = bound * (1 - FLOAT_MARGIN) - step * Math.sqrt(dimension);
  if (norm < bound / 2) {
    throw new RangeError(`A grid of ${step} is too coarse for ${dimension} values clipped to ${bound}`);
  }
  return norm;
}
