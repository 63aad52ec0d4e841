import { expect } from "chai";
import type { StepPrivacy } from "#learning/training/dpSgd";
import { type EngineName, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology } from "#learning/models/models";
import { SeededRandom } from "#learning/seededRandom";
import { Keystream } from "#learning/nodeOnly/keystream";

/** What losses and weights may differ by from wasm's. */
const TOLERANCE = 1e-4;
const CLASSES = 3;
/** With convolutions in two dimensions and one, dropout, and dense layers; small, since a software driver is slow. */
const MODELS = [
  ["cnn", [4, 4, 1], "gaussian"],
  ["har-cnn", [8, 6], "gaussian"],
  ["prototype-mlp", [13], "laplace"],
] as const;

/**
 * Trains with DP-SGD, and with Laplace noise, on an engine and on wasm: with the same secret both take the same records,
 * masks and noise, so the weights differ by what the arithmetic of clipped gradients does.
 */
export function describePrivateTraining(engine: EngineName): void {
  for (const [name, inputShape, law] of MODELS) {
    it(`trains ${name} with clipped gradients and ${law} noise as wasm does`, async () => {
      const [found, expected] = [
        await train(engine, name, inputShape, law),
        await train("wasm", name, inputShape, law),
      ];
      expect(found.loss).to.be.closeTo(expected.loss, TOLERANCE);
      const plain = await train("wasm", name, inputShape);
      expect(distance(expected.weights, plain.weights), "what privacy changes").to.be.above(100 * TOLERANCE);
      expect(distance(found.weights, expected.weights)).to.be.below(TOLERANCE);
    });
  }
}

async function train(
  engine: EngineName,
  name: string,
  inputShape: readonly number[],
  law?: StepPrivacy["noise"]["law"],
) {
  const topology = builtInTopology(name, inputShape, CLASSES);
  const model = await (await createEngine(engine)).load({ topology }, inputShape, CLASSES);
  const privacy = law && {
    clip: 0.5,
    noise: { law, scale: 0.5 },
    random: new Keystream(new Uint8Array(32).fill(5)),
  };
  try {
    const options = { ...trainingOf(inputShape), weights: model.initialise(1), ...(privacy && { privacy }) };
    return await model.train(options);
  } finally {
    model.dispose();
  }
}

/** Three steps on twelve records. */
function trainingOf(inputShape: readonly number[]): Omit<TrainOptions, "weights"> {
  const count = 12;
  const size = inputShape.reduce((product, dimension) => product * dimension, 1);
  const random = new SeededRandom(2, "private training");
  const channels = inputShape.at(-1) ?? 1;
  return {
    samples: {
      split: {
        features: Uint8Array.from({ length: count * size }, () => random.below(256)),
        labels: Uint8Array.from({ length: count }, (_, i) => i % CLASSES),
        count,
      },
      indices: Array.from({ length: count }, (_, i) => i),
      inputShape,
      mean: Array<number>(channels).fill(0.5),
      std: Array<number>(channels).fill(0.5),
    },
    hyper: { optimiser: "sgd", learningRate: 0.1, momentum: 0.5, localEpochs: 1, batchSize: 4, seed: 1 },
    round: 1,
    member: 1,
  };
}

type Weights = TrainOptions["weights"];

/** The greatest difference of two values. */
function distance(a: Weights, b: Weights): number {
  const differences = a.map(({ data }, i) =>
    data.reduce((most, x, j) => Math.max(most, Math.abs(x - (b[i]?.data[j] ?? Number.NaN))), 0),
  );
  return Math.max(...differences);
}
