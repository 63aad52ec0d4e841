import { logUpperTail, upperTail } from "./normalTail.ts";

/**
 * The least epsilon of Gaussian noise for a delta, exact (Balle and Wang 2018, Theorem 8): with noise multiplier s,
 * delta = P(N > s epsilon - 1 / (2 s)) - e^epsilon P(N > s epsilon + 1 / (2 s)).
 * k uses of a multiplier s are one use of s / sqrt(k).
 */
export function gaussianEpsilon(noiseMultiplier: number, delta: number): number {
  const half = 1 / (2 * noiseMultiplier);
  const deltaAt = (epsilon: number): number =>
    upperTail(noiseMultiplier * epsilon - half) -
    Math.exp(epsilon + logUpperTail(noiseMultiplier * epsilon + half));
  if (deltaAt(0) <= delta) return 0;
  let [low, high] = [0, 1];
  while (deltaAt(high) > delta) [low, high] = [high, 2 * high];
  for (let previous = 0; (low + high) / 2 !== previous;) {
    previous = (low + high) / 2;
    if (deltaAt(previous) > delta) low = previous;
    else high = previous;
  }
  return high;
}
