import type { Mechanism } from "./mechanism.ts";
import { upperTail } from "./normalTail.ts";

/** Deviations of a Gaussian beyond which its mass, 1e-19, counts as lost privacy. */
const TAIL = 9;

/**
 * The privacy loss ln(P / Q) of a worst pair of neighbours, P and Q being the laws of a mechanism's result on them.
 * No pair of neighbours can be told apart better than a worst pair (Zhu, Dong and Wang 2022).
 */
export interface LossCells {
  /** Losses outside of [least, greatest] have less than 1e-18 of P's mass. */
  readonly least: number;
  readonly greatest: number;
  /** The masses of P and Q where the loss lies in (from, to], for consecutive edges; from may be -Infinity and to Infinity. */
  readonly masses: (edges: readonly number[]) => readonly (readonly [p: number, q: number])[];
}

/**
 * The worst pairs of a mechanism for a record that is removed and for one that is added; undefined where none is known.
 */
export function lossCells(mechanism: Mechanism): readonly [removed: LossCells, added: LossCells] | undefined {
  switch (mechanism.kind) {
    case "gaussian": {
      const removed = gaussianCells(mechanism.noiseMultiplier, mechanism.samplingRate);
      return [removed, exchanged(removed)];
    }
    case "laplace":
    case "pure": {
      const cells = symmetricCells(mechanism.epsilon, mechanism.kind === "laplace");
      return [cells, cells];
    }
    case "concentrated":
      return undefined;
  }
}

/** P = (1 - q) N(0, sigma^2) + q N(1, sigma^2) and Q = N(0, sigma^2): the loss ln(1 - q + q exp((2x - 1) / (2 sigma^2))). */
function gaussianCells(sigma: number, q: number): LossCells {
  const lossAt = (x: number): number => {
    const shift = (2 * x - 1) / (2 * sigma ** 2);
    return shift > 0 ? shift + Math.log(q + (1 - q) * Math.exp(-shift)) : Math.log1p(q * Math.expm1(shift));
  };
  const placeOf = (loss: number): number => {
    if (loss === Number.POSITIVE_INFINITY) return loss;
    const ratio = loss > 30 ? loss - Math.log(q) : Math.log(Math.max(0, Math.expm1(loss) + q) / q);
    return sigma ** 2 * ratio + 0.5;
  };
  return {
    least: lossAt(-TAIL * sigma),
    greatest: lossAt(1 + TAIL * sigma),
    masses: (edges) => {
      const places = edges.map(placeOf);
      const zeros = cellMasses(places.map((x) => x / sigma));
      const ones = cellMasses(places.map((x) => (x - 1) / sigma));
      return zeros.map((zero, i) => [(1 - q) * zero + q * (ones[i] ?? 0), zero]);
    },
  };
}

/** Standard normal masses between consecutive places, each from the tail in which it lies. */
function cellMasses(places: readonly number[]): number[] {
  const tails = places.map((x) => upperTail(Math.abs(x)));
  return places.slice(1).map((to, i) => {
    const [from, fromTail, toTail] = [places[i] ?? 0, tails[i] ?? 0, tails[i + 1] ?? 0];
    if (from >= 0) return fromTail - toTail;
    return to <= 0 ? toTail - fromTail : 1 - fromTail - toTail;
  });
}

/** Laplace noise on one number, or randomised response: in both, P and Q change places when losses change sign. */
function symmetricCells(epsilon: number, isLaplace: boolean): LossCells {
  // P's mass of losses up to `loss`.
  const below = (loss: number): number => {
    if (loss < -epsilon) return 0;
    if (loss >= epsilon) return 1;
    return isLaplace ? Math.exp((loss - epsilon) / 2) / 2 : 1 / (1 + Math.exp(epsilon));
  };
  const belowUnderQ = (loss: number): number => {
    if (loss < -epsilon) return 0;
    if (loss >= epsilon) return 1;
    return isLaplace ? 1 - Math.exp((-loss - epsilon) / 2) / 2 : 1 / (1 + Math.exp(-epsilon));
  };
  return {
    least: -epsilon,
    greatest: epsilon,
    masses: (edges) =>
      edges.slice(1).map((to, i) => {
        const from = edges[i] ?? 0;
        return [below(to) - below(from), belowUnderQ(to) - belowUnderQ(from)];
      }),
  };
}

/** P and Q exchanged, so that losses change sign. */
function exchanged({ least, greatest, masses }: LossCells): LossCells {
  return {
    least: -greatest,
    greatest: -least,
    masses: (edges) =>
      masses(edges.map((edge) => -edge).toReversed())
        .map(([p, q]) => [q, p] as const)
        .toReversed(),
  };
}
