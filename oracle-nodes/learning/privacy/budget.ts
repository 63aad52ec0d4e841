import type { SpentBudget } from "@concordat/protocol/artifacts/artifactMetadata";

/** A privacy guarantee. */
export interface Budget {
  readonly epsilon: number;
  readonly delta: number;
}

/** A budget in millionths, rounded up, as an update says it. */
export function toMicro({ epsilon, delta }: Budget): SpentBudget {
  // What a double cannot hold of a decimal fraction is not rounded up to a millionth.
  const micro = (value: number) => Math.ceil(value * 1e6 * (1 - 2 ** -50));
  return { epsilonMicro: micro(epsilon), deltaMicro: micro(delta) };
}
