import { InputError } from "@concordat/protocol/errors";
import { epsilonOf } from "./accountant.ts";
import { renyiEpsilon } from "./renyi.ts";

/** Noise multipliers between which one is looked for. */
const RANGE = [0.2, 1000] as const;
/** Digits of the noise multiplier that is found. */
const DIGITS = 4;

/**
 * The least noise multiplier, to four digits, with which `steps` uses of the sampled Gaussian mechanism spend at most
 * epsilon.
 * @throws {InputError} when no multiplier between 0.2 and 1000 does.
 */
export function noiseMultiplierFor(
  epsilon: number,
  delta: number,
  samplingRate: number,
  steps: number,
): number {
  const spends = (account: typeof epsilonOf, noiseMultiplier: number): number =>
    account([{ mechanism: { kind: "gaussian", noiseMultiplier, samplingRate }, times: steps }], delta);
  if (spends(renyiEpsilon, RANGE[1]) > epsilon) {
    throw new InputError(`No noise keeps ${steps} steps within an epsilon of ${epsilon}`, {
      hint: "Raise epsilon, or lower rounds and epochs",
    });
  }
  // Renyi divergences are quick and never too small: the composed losses only have to look below what they find.
  const enough = bisect(
    RANGE[0],
    RANGE[1],
    (multiplier) => spends(renyiEpsilon, multiplier) <= epsilon,
    0.01,
  );
  const found = bisect(
    0.7 * enough,
    enough,
    (multiplier) => spends(epsilonOf, multiplier) <= epsilon,
    0.0005,
  );
  const unit = 10 ** (Math.floor(Math.log10(found)) + 1 - DIGITS);
  return Number((Math.ceil(found / unit) * unit).toPrecision(DIGITS));
}

/** The least x, up to a ratio, for which a condition holds that holds at `high` and from some x on. */
function bisect(low: number, high: number, holds: (x: number) => boolean, ratio: number): number {
  while (high > low * (1 + ratio)) {
    const middle = Math.sqrt(low * high);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
