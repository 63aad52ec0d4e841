import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { epsilonOf } from "#learning/privacy/accountant";
import { noiseMultiplierFor } from "#learning/privacy/calibrate";
import { gaussianEpsilon } from "#learning/privacy/gaussianMechanism";
import { lossCells } from "#learning/privacy/lossCells";
import { composedEpsilon } from "#learning/privacy/lossDistribution";
import type { Mechanism, Use } from "#learning/privacy/mechanism";
import { logUpperTail, upperTail } from "#learning/privacy/normalTail";
import { renyiDivergence, renyiEpsilon } from "#learning/privacy/renyi";

const gaussian = (noiseMultiplier: number, samplingRate = 1): Mechanism => ({
  kind: "gaussian",
  noiseMultiplier,
  samplingRate,
});
const uses = (mechanism: Mechanism, times: number): Use[] => [{ mechanism, times }];

/** Within half a unit of the fourth digit, unless said otherwise. */
function expectClose(found: number, published: number, ratio = 5e-4): void {
  expect(found / published).to.be.within(1 - ratio, 1 + ratio);
}

describe("Renyi differential privacy", function () {
  this.timeout(20_000);

  it("gives the divergences of dp-accounting 0.6.0 at whole orders", () => {
    const published = [
      [0.01, 1.1, 2, 0.00012851008160516542],
      [0.01, 1.1, 8, 0.00058407],
      [0.01, 1.1, 64, 21.76801287],
      [0.1, 4, 2, 0.00064474],
      [0.1, 4, 64, 0.03799989],
    ] as const;
    for (const [q, sigma, order, divergence] of published) {
      expectClose(renyiDivergence(gaussian(sigma, q), order), divergence, 1e-5);
    }
  });

  it("gives the integrals of mpmath 1.4.1 at fractional orders", () => {
    // 30-digit quadrature of E_Q[(P / Q)^order], P = (1 - q) N(0, s^2) + q N(1, s^2), Q = N(0, s^2).
    const integrals = [
      [0.01, 1.1, 1.1, 0.0000695885155937026],
      [0.01, 1.1, 3.7, 0.000245287722723989],
      [0.1, 4, 1.5, 0.000482134482322975],
      [0.02, 0.5, 2.5, 0.0734609010970846],
      [0.02, 0.5, 3.7, 2.04201785040304],
    ] as const;
    for (const [q, sigma, order, divergence] of integrals) {
      expectClose(renyiDivergence(gaussian(sigma, q), order), divergence, 1e-9);
    }
  });

  it("gives Opacus' published epsilon", () => {
    // opacus/tests/accountants_test.py, test_rdp_accountant: 7.32911117143.
    expectClose(renyiEpsilon(uses(gaussian(1.5, 0.04), 2250), 1e-5), 7.32911117143, 1e-9);
  });

  it("gives the moments accountant's epsilon of 1.26 (Abadi et al. 2016, section 3.2)", () => {
    // With their conversion, min over orders of T D + ln(1 / delta) / (order - 1), and orders up to 33.
    const step = gaussian(4, 0.01);
    const epsilons = Array.from(
      { length: 32 },
      (_, i) => 10_000 * renyiDivergence(step, i + 2) + Math.log(1e5) / (i + 1),
    );
    expect(Math.min(...epsilons).toFixed(2)).to.equal("1.26");
  });

  it("bounds any sampled mechanism from above what is exact for the Gaussian", () => {
    // Gaussian noise of multiplier 1 has divergence order / 2: rho = 1/2.
    for (const order of [2, 3, 8, 20]) {
      const general = renyiDivergence({ kind: "concentrated", rho: 0.5, samplingRate: 0.01 }, order);
      const exact = renyiDivergence(gaussian(1, 0.01), order);
      expect(general).to.be.within(exact * (1 - 1e-9), 4 * exact);
      expect(renyiDivergence({ kind: "concentrated", rho: 0.5, samplingRate: 1 }, order)).to.equal(order / 2);
    }
  });
});

describe("Composed privacy losses", function () {
  this.timeout(30_000);

  it("give the epsilon of dp-accounting 0.6.0's privacy loss distributions to three digits", () => {
    const published = [
      [1.1, 256 / 60_000, 14_062, 1e-5, 2.3816860032302603],
      [1, 0.01, 1000, 1e-5, 1.8282436461194622],
      [0.7, 256 / 60_000, 3515, 1e-5, 3.404029162417327],
      [4, 0.01, 1000, 1e-6, 0.31918424323120576],
      [0.5, 0.02, 100, 1e-5, 9.693703635805386],
    ] as const;
    for (const [sigma, q, times, delta, epsilon] of published) {
      expectClose(epsilonOf(uses(gaussian(sigma, q), times), delta), epsilon);
    }
    const mixed = [...uses(gaussian(1, 0.01), 500), ...uses(gaussian(1.5, 0.02), 500)];
    expectClose(epsilonOf(mixed, 1e-5), 1.8974829554691397);
  });

  it("give the published delta of the Fourier accountant", () => {
    // DPBayes/PLD-Accountant, README: delta(epsilon = 1) = 4.243484012034273e-06 for sigma 4, q 0.01 after 10,000 uses.
    expectClose(epsilonOf(uses(gaussian(4, 0.01), 10_000), 4.243484012034273e-6), 1);
  });

  it("lie within the error that Opacus' numerical accountant allows itself", () => {
    // opacus/tests/accountants_test.py, test_prv_accountant: 6.777395712150674, an upper bound with an error of 0.01.
    expect(epsilonOf(uses(gaussian(1.5, 0.04), 2250), 1e-5)).to.be.within(6.757, 6.7774);
  });

  it("stay an upper bound where there is hardly any noise", () => {
    for (const [sigma, q, times] of [
      [0.02, 0.5, 3],
      [0.1, 0.01, 1000],
    ] as const) {
      const use = uses(gaussian(sigma, q), times);
      const renyi = renyiEpsilon(use, 1e-5);
      expect(epsilonOf(use, 1e-5)).to.be.within(0.1 * renyi, renyi);
    }
  });

  it("are tighter than Renyi divergences, and never looser", () => {
    for (const [sigma, q, times] of [
      [1.1, 0.01, 600],
      [3, 0.2, 40],
    ] as const) {
      const use = uses(gaussian(sigma, q), times);
      expect(epsilonOf(use, 1e-5)).to.be.below(0.97 * renyiEpsilon(use, 1e-5));
    }
  });

  it("agree with the exact epsilon of unsampled Gaussian noise", () => {
    for (const [sigma, times, delta] of [
      [1, 10, 1e-5],
      [20, 30, 1e-6],
    ] as const) {
      const cells = lossCells(gaussian(sigma));
      if (cells === undefined) throw new Error("the Gaussian has a worst pair");
      const exact = gaussianEpsilon(sigma / Math.sqrt(times), delta);
      const composed = composedEpsilon([{ cells: cells[0], times }], delta);
      expect(composed).to.be.within(exact * (1 - 1e-6), exact * (1 + 1e-3));
      expect(epsilonOf(uses(gaussian(sigma), times), delta)).to.be.closeTo(exact, 1e-9);
    }
    // dp-accounting 0.6.0 for ten uses of multiplier 1.
    expectClose(gaussianEpsilon(1 / Math.sqrt(10), 1e-5), 17.85658683146691, 1e-5);
  });

  it("give dp-accounting's epsilon of composed Laplace noise, and more for any other pure mechanism", () => {
    const laplace = epsilonOf(uses({ kind: "laplace", epsilon: 0.1 }, 40), 1e-5);
    expectClose(laplace, 2.451173946602719);
    const pure = epsilonOf(uses({ kind: "pure", epsilon: 0.1 }, 40), 1e-5);
    expect(pure).to.be.within(laplace, optimalPureEpsilon(0.1, 40, 1e-5) * 1.0005);
    expect(pure).to.be.above(optimalPureEpsilon(0.1, 40, 1e-5) - 1e-9);
  });

  it("never give more than the sum for one use, and 0 for none", () => {
    expect(epsilonOf(uses({ kind: "pure", epsilon: 0.5 }, 1), 1e-9)).to.be.within(0.4999, 0.5005);
    expect(epsilonOf([], 1e-5)).to.equal(0);
    expect(epsilonOf(uses(gaussian(1, 0.1), 0), 1e-5)).to.equal(0);
  });
});

describe("Calibration", function () {
  this.timeout(30_000);

  it("finds the least noise that keeps within epsilon", () => {
    const found = noiseMultiplierFor(2, 1e-5, 0.02, 500);
    expect(epsilonOf(uses(gaussian(found, 0.02), 500), 1e-5)).to.be.within(1.98, 2);
  });

  it("says when no noise does", () => {
    expect(() => noiseMultiplierFor(1e-6, 1e-5, 1, 1000)).to.throw(InputError, "No noise keeps");
  });
});

describe("The tail of the normal law", () => {
  it("is that of tables, far out too", () => {
    // scipy 1.17.1, norm.sf and norm.logsf.
    expectClose(upperTail(1), 0.15865525393145707, 1e-14);
    expectClose(upperTail(-3), 0.9986501019683699, 1e-14);
    expectClose(upperTail(5), 2.866515718791939e-7, 1e-13);
    expectClose(logUpperTail(40), -804.6084420137538, 1e-13);
  });
});

/** The exact epsilon after k uses of randomised response (Kairouz, Oh and Viswanath 2015, Theorem 3.3). */
function optimalPureEpsilon(epsilon: number, k: number, delta: number): number {
  const deltaAt = (total: number): number => {
    let sum = 0;
    let binomial = 1;
    for (let i = 0; i <= k; i++) {
      const loss = (k - 2 * i) * epsilon;
      const mass = (binomial * Math.exp((k - i) * epsilon)) / (1 + Math.exp(epsilon)) ** k;
      sum += mass * Math.max(0, 1 - Math.exp(total - loss));
      binomial *= (k - i) / (i + 1);
    }
    return sum;
  };
  let [low, high] = [0, k * epsilon];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (deltaAt(middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}
