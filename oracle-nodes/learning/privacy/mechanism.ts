/**
 * One use of the data by a mechanism, as the accountant sees it. Data sets are neighbours when one has one record more
 * (add or remove).
 */
export type Mechanism =
  /**
   * Gaussian noise of deviation noiseMultiplier * S on a sum whose L2 sensitivity is S, over records that each take part
   * with probability samplingRate, independently (Poisson sampling; 1: all of them).
   */
  | { readonly kind: "gaussian"; readonly noiseMultiplier: number; readonly samplingRate: number }
  /** Laplace noise of scale S / epsilon on a number whose sensitivity is S. */
  | { readonly kind: "laplace"; readonly epsilon: number }
  /** Anything that is epsilon-differentially private, whatever its noise. */
  | { readonly kind: "pure"; readonly epsilon: number }
  /**
   * Anything with a Renyi divergence of at most rho * order at every order, and at most `epsilon` if that is given, over a
   * Poisson sample of the records.
   */
  | {
      readonly kind: "concentrated";
      readonly rho: number;
      readonly samplingRate: number;
      readonly epsilon?: number;
    };

/** A mechanism and how many times it was used, each time after seeing the earlier results. */
export interface Use {
  readonly mechanism: Mechanism;
  readonly times: number;
}
