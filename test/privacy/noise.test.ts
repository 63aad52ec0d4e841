import { expect } from "chai";
import { fixed, FRACTION_BITS, logarithm } from "#learning/privacy/fixedPoint";
import { addGaussianNoise } from "#learning/privacy/gaussianNoise";
import { Keystream } from "#learning/nodeOnly/keystream";
import { addLaplaceNoise } from "#learning/privacy/laplaceNoise";
import { clippingNorm, GAUSSIAN_BITS, gridStep, LAPLACE_BITS } from "#learning/privacy/noiseGrid";
import { density, EDGES, LAYERS } from "#learning/privacy/normalLayers";
import { upperTail } from "#learning/privacy/normalTail";

const COUNT = 200_000;
const SCALES = [0.001, 0.3, 1, 3, 250] as const;
const seeded = (seed: number) => new Keystream(new Uint8Array(32).fill(seed));

const laws = [
  {
    name: "Gaussian",
    add: addGaussianNoise,
    bits: GAUSSIAN_BITS,
    deviation: 1,
    kurtosis: 3,
    tail: upperTail,
  },
  {
    name: "Laplace",
    add: addLaplaceNoise,
    bits: LAPLACE_BITS,
    deviation: Math.SQRT2,
    kurtosis: 6,
    tail: (x: number) => (x < 0 ? 1 - Math.exp(x) / 2 : Math.exp(-x) / 2),
  },
] as const;

for (const { name, add, bits, deviation, kurtosis, tail } of laws) {
  describe(`${name} noise`, function () {
    this.timeout(20_000);

    for (const [i, scale] of SCALES.entries()) {
      it(`has mean 0, the right deviation and the right law at a scale of ${scale}`, () => {
        const noise = new Float32Array(COUNT);
        add(noise, scale, seeded(i));
        const draws = Float64Array.from(noise, (x) => x / scale).sort();
        const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / COUNT;
        // Four standard errors each; the scale is the deviation itself (Laplace: by the root of 2), not its square.
        expect(moment(1)).to.be.within(
          (-4 * deviation) / Math.sqrt(COUNT),
          (4 * deviation) / Math.sqrt(COUNT),
        );
        const spread = 4 * Math.sqrt((kurtosis - 1) / (4 * COUNT));
        expect(Math.sqrt(moment(2)) / deviation).to.be.within(1 - spread, 1 + spread);
        expect(kolmogorov(draws, tail)).to.be.below(1.95 / Math.sqrt(COUNT));
        expect(chiSquare(draws, tail)).to.be.within(...CHI_SQUARE_BOUNDS);
      });
    }

    it("puts values and noise on one grid of a power of two, whatever the values are", () => {
      const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) / 3);
      add(values, 0.7, seeded(9));
      const grid = gridStep(0.7, bits);
      expect(Math.log2(grid)).to.equal(Math.round(Math.log2(grid)));
      expect(grid).to.be.below(0.7 * 2 ** -19 * 1.01);
      // What float32 can hold of a grid finer than its last place is on the grid all the more.
      expect(values.every((value) => Number.isInteger(value / grid))).to.equal(true);
    });

    it("adds the same noise to values that are on the grid as to zeros", () => {
      const grid = gridStep(1, bits);
      const base = Float32Array.from({ length: 5000 }, (_, i) => (i - 2500) * 2 ** -7);
      const [alone, added] = [new Float32Array(5000), base.slice()];
      add(alone, 1, seeded(4));
      add(added, 1, seeded(4));
      const differences = added.map((value, i) => value - (base[i] ?? 0) - (alone[i] ?? 0));
      expect(grid).to.be.below(2 ** -7);
      expect(Math.max(...differences.map(Math.abs))).to.be.below(1e-5);
    });

    it("is drawn anew with every key", () => {
      const draw = (random: Keystream) => {
        const noise = new Float32Array(100);
        add(noise, 1, random);
        return [...noise];
      };
      expect(draw(seeded(1))).to.deep.equal(draw(seeded(1)));
      expect(draw(new Keystream())).to.not.deep.equal(draw(new Keystream()));
      const one = new Keystream();
      expect(draw(one)).to.not.deep.equal(draw(one));
    });
  });
}

describe("The Gaussian sampler", function () {
  this.timeout(20_000);

  it("has layers of one area, and a tail that completes the lowest", () => {
    const area = (EDGES[0] ?? 0) * density(EDGES[1] ?? 0);
    for (let i = 1; i < LAYERS; i++) {
      const height = density(EDGES[i + 1] ?? 0) - density(EDGES[i] ?? 0);
      expect(((EDGES[i] ?? 0) * height) / area).to.be.closeTo(1, 2 ** -40);
    }
    // The edge that Marsaglia and Tsang (2000) and Doornik (2005) print for 256 layers.
    expect(EDGES[1]).to.be.closeTo(3.6541528853610088, 1e-12);
  });

  it("draws beyond the lowest layer as often and as far as the normal law", () => {
    const noise = new Float32Array(4_000_000);
    addGaussianNoise(noise, 1, seeded(7));
    for (const from of [3.7, 4, 4.4]) {
      const expected = 2 * upperTail(from) * noise.length;
      const found = noise.reduce((count, x) => count + Number(Math.abs(x) > from), 0);
      expect(Math.abs(found - expected) / Math.sqrt(expected), `beyond ${from}`).to.be.below(3.5);
    }
  });

  it("refuses a sum that is not finite or beyond its range", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40]) {
      expect(() => addGaussianNoise(Float32Array.of(0, bad), 1, seeded(1))).to.throw(
        RangeError,
        "out of range",
      );
    }
  });
});

describe("What noise is drawn with", () => {
  it("takes logarithms to 192 bits", () => {
    // ln 2 to 60 digits, from OEIS A002162.
    const digits = 693147180559945309417232121458176568075500134360255254120680n;
    const expected = (digits << BigInt(FRACTION_BITS)) / 10n ** 60n;
    const difference = -logarithm(1n << BigInt(FRACTION_BITS - 1)) - expected;
    expect(difference < 1024n && difference > -1024n).to.equal(true);
    for (const x of [0.001, 0.3, 0.75, 0.9999]) {
      expect(Number(logarithm(fixed(x))) / 2 ** FRACTION_BITS).to.be.closeTo(Math.log(x), 1e-12);
    }
  });

  it("draws whole numbers below a bound evenly", () => {
    const random = seeded(2);
    const counts = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) {
      const drawn = random.below(7);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    const statistic = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(statistic).to.be.below(22.5);
  });

  it("keeps back from the clipping norm what rounding may add to a sum's sensitivity", () => {
    const [bound, dimension] = [2, 1_663_370];
    const grid = gridStep(1.1 * bound, GAUSSIAN_BITS);
    const norm = clippingNorm(bound, grid, dimension);
    expect(norm + grid * Math.sqrt(dimension)).to.be.below(bound);
    expect(norm).to.be.above(0.99 * bound);
    expect(() => clippingNorm(1, 0.001, 1_000_000)).to.throw(RangeError, "too coarse");
  });
});

/** The greatest distance between the empirical and the real distribution function. */
function kolmogorov(sorted: Float64Array, tail: (x: number) => number): number {
  let greatest = 0;
  sorted.forEach((x, i) => {
    const below = 1 - tail(x);
    greatest = Math.max(greatest, Math.abs(below - i / COUNT), Math.abs(below - (i + 1) / COUNT));
  });
  return greatest;
}

const CELLS = 100;
/** Chi-square with 99 degrees of freedom is in here but once in a thousand times on either side. */
const CHI_SQUARE_BOUNDS = [61.1, 148.2] as const;

/** Over cells of equal probability. */
function chiSquare(sorted: Float64Array, tail: (x: number) => number): number {
  const counts = new Float64Array(CELLS);
  for (const x of sorted) {
    const cell = Math.min(CELLS - 1, Math.floor((1 - tail(x)) * CELLS));
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const expected = COUNT / CELLS;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
