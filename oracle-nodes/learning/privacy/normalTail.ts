/** From here on the continued fraction is used; the further out, the fewer terms it takes. */
const LARGE = 2;
const termsFor = (x: number): number => 12 + Math.ceil(600 / (x * x));

/** P(N(0, 1) > x), to about 1e-15 of itself. */
export function upperTail(x: number): number {
  if (x < -LARGE) return 1 - upperTail(-x);
  return x < LARGE ? 0.5 - aroundZero(x) : Math.exp(logUpperTail(x));
}

/** ln P(N(0, 1) > x), which does not underflow. */
export function logUpperTail(x: number): number {
  if (x < LARGE) return Math.log(upperTail(x));
  // Laplace's continued fraction of Mills' ratio.
  let fraction = x;
  for (let k = termsFor(x); k > 0; k--) fraction = x + k / fraction;
  return (-x * x) / 2 - Math.log(fraction * Math.sqrt(2 * Math.PI));
}

/** P(0 < N(0, 1) < x), negative for negative x: density(x) (x + x^3 / 3 + x^5 / 15 + ...). */
function aroundZero(x: number): number {
  let sum = 0;
  let term = x;
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    sum += term;
    term *= (x * x) / k;
  }
  return (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
