import { expect } from "chai";
import { digits } from "#learning/data/digits";
import { noisyFeatures } from "#learning/nodeOnly/noisyFeatures";
import { batchMaker, type Samples } from "#learning/data/samples";
import { epsilonOf } from "#learning/privacy/accountant";
import { gaussianEpsilon } from "#learning/privacy/gaussianMechanism";
import { Keystream } from "#learning/nodeOnly/keystream";
import { noisyUpdate } from "#learning/privacy/noisyUpdate";
import { nominalBudget, usesOfTask, usesOfTraining } from "#learning/privacy/privacyUses";
import type { ModelTensors } from "#protocol/artifacts/tensors";

const seeded = (seed: number) => new Keystream(new Uint8Array(32).fill(seed));
const plan = { records: 600, features: 784, batchSize: 10, localEpochs: 5 };

describe("Noise on the update (paper 5)", () => {
  const model = (value: number): ModelTensors => [
    { name: "a", shape: [100, 50], data: new Float32Array(5000).fill(value) },
    { name: "b", shape: [1000], data: new Float32Array(1000).fill(-value) },
  ];
  const flat = (tensors: ModelTensors) => tensors.flatMap(({ data }) => [...data]);
  const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

  it("clips the change of all tensors together and adds noise of the deviation itself", () => {
    const [start, trained] = [model(0.5), model(0.9)];
    for (const deviation of [0.003, 0.05]) {
      const update = flat(noisyUpdate(start, trained, { clip: 2, deviation }, seeded(1)));
      // The change of 0.4 in 6000 weights has norm 31: clipped to 2, each weight moves by 2 / sqrt(6000).
      const noise = flat(start).map((x, i) => (update[i] ?? 0) - x - Math.sign(x) * (2 / Math.sqrt(6000)));
      expect(norm(noise) / Math.sqrt(6000) / deviation).to.be.within(0.97, 1.03);
      const average = noise.reduce((sum, x) => sum + x, 0) / 6000;
      expect(Math.abs(average)).to.be.below((4 * deviation) / Math.sqrt(6000) + 1e-4);
    }
  });

  it("leaves a small change as it is", () => {
    const [start, trained] = [model(0.5), model(0.5001)];
    const update = flat(noisyUpdate(start, trained, { clip: 2, deviation: 1e-6 }, seeded(2)));
    flat(trained).forEach((x, i) => expect(update[i]).to.be.closeTo(x, 1e-5));
  });

  it("is accounted with twice the norm, for any change of the node's data", () => {
    const uses = usesOfTraining({ kind: "gaussian-update", clip: 2, noiseMultiplier: 3, delta: 1e-5 }, plan);
    expect(epsilonOf(uses, 1e-5)).to.be.closeTo(gaussianEpsilon(1.5, 1e-5), 1e-9);
  });
});

describe("Noise on features (paper 2)", () => {
  const dataset = digits();
  const samples: Samples = {
    split: dataset.train,
    indices: [5, 9, 5, 30],
    inputShape: dataset.inputShape,
    mean: dataset.mean,
    std: dataset.std,
  };
  const key = new Uint8Array(32).fill(3);
  const rows = (of: Samples) => {
    const { inputs, size } = batchMaker(of)(of.indices);
    const length = inputs.length / size;
    return Array.from({ length: size }, (_, row) => [...inputs.subarray(row * length, (row + 1) * length)]);
  };

  it("bounds every feature to sqrt(N - 1) and adds Laplace noise of scale 2 sqrt(N - 1) / epsilon", () => {
    const [epsilon, batchSize] = [4, 5];
    const many = { ...samples, indices: Array.from({ length: 100 }, (_, i) => i) };
    const [plain, noisy] = [rows(many).flat(), rows(noisyFeatures(many, epsilon, batchSize, key)).flat()];
    const noise = noisy.map((x, i) => x - Math.max(-2, Math.min(2, plain[i] ?? 0)));
    const absolute = noise.reduce((sum, x) => sum + Math.abs(x), 0) / noise.length;
    // E|Lap(b)| = b = 1; 25,600 values.
    expect(absolute).to.be.within(0.97, 1.03);
    expect(Math.max(...plain)).to.be.above(2);
  });

  it("gives a record the same noise in every pass, and no two records the same", () => {
    const [first, again] = [rows(noisyFeatures(samples, 1, 5, key)), rows(noisyFeatures(samples, 1, 5, key))];
    expect(again).to.deep.equal(first);
    // Whatever place a record stands at.
    const moved = rows(noisyFeatures({ ...samples, indices: [30, 9] }, 1, 5, key));
    expect(moved).to.deep.equal([first[3], first[1]]);
    // A record that stands twice is two records.
    expect(first[0]).to.not.deep.equal(first[2]);
    expect(rows(noisyFeatures(samples, 1, 5, new Uint8Array(32)))).to.not.deep.equal(first);
  });

  it("keeps answers beside their records", () => {
    const noisy = noisyFeatures(samples, 1, 5, key);
    const labels = (of: Samples) => batchMaker(of)(of.indices).labels;
    expect(labels(noisy)).to.deep.equal(labels(samples));
  });

  it("is charged once a task, for all features of a record together", () => {
    const terms = { kind: "laplace-features", epsilon: 0.01, delta: 1e-6 } as const;
    expect(usesOfTraining(terms, plan)).to.deep.equal([]);
    const epsilon = epsilonOf(usesOfTask(terms, plan), terms.delta);
    // rho = 784 * 0.01^2 / 2 = 0.0392; its conversion rho + 2 sqrt(rho ln(1 / delta)) = 1.51 is not the tightest.
    expect(epsilon).to.be.within(1.2, 1.51);
    const large = { ...terms, epsilon: 10 };
    expect(epsilonOf(usesOfTask(large, plan), 1e-6)).to.equal(7840);
    expect(nominalBudget(large)?.epsilon).to.equal(10);
  });
});

describe("Noisy clipped descent with Laplace noise (paper 3)", () => {
  const terms = { kind: "laplace-gradient", clip: 1, epsilon: 1, delta: 1e-5 } as const;

  it("names its epsilon nominal, and spends more than it", () => {
    const spent = epsilonOf(usesOfTraining(terms, plan), terms.delta);
    expect(nominalBudget(terms)).to.deep.include({ epsilon: 1 });
    expect(spent).to.be.above(1);
    expect(Number.isFinite(spent)).to.equal(true);
  });

  it("has, for unit rho, the divergence of Gaussian noise of multiplier 1 at each order", () => {
    // Lap(b) shifted by v in d coordinates, sum v_i^2 = C^2: the bound holds from one coordinate to many.
    const laplaceDivergence = (shift: number, order: number) =>
      Math.log(
        (order / (2 * order - 1)) * Math.exp((order - 1) * shift) +
          ((order - 1) / (2 * order - 1)) * Math.exp(-order * shift),
      ) /
      (order - 1);
    for (const order of [2, 5, 17]) {
      for (const coordinates of [1, 4, 100, 10_000]) {
        const exact = coordinates * laplaceDivergence(1 / Math.sqrt(coordinates), order);
        expect(exact, `${coordinates} at ${order}`).to.be.below(order / 2);
      }
      // Many small shifts come close: the bound cannot be better.
      expect(10_000 * laplaceDivergence(0.01, order)).to.be.above(0.97 * (order / 2));
    }
  });
});
