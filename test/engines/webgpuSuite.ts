import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { ConcordatError } from "#protocol/errors";
import { type EngineName, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology } from "#learning/models/models";
import { SeededRandom } from "#learning/seededRandom";
import { useBackend } from "#learning/engines/backends/openBackend";
import { describeEngine } from "../learning/engineContract.ts";
import { describeGradients } from "../learning/gradientCases.ts";
import { describePrivateTraining } from "../learning/privateTraining.ts";

/** The product kernel that needs no barrier between threads: a software driver takes a hundredth of the time for it. */
const PACKED_PRODUCT = 3;
/** What losses and weights may differ by from wasm's. */
const TOLERANCE = 1e-4;
/**
 * Every built-in model, with the smallest inputs that it takes, samples a step, and steps: a software driver is slow.
 * ResNet-9 makes one step, for on inputs as small as these its batch norm is over two values, which magnify rounding: the
 * second losses of wasm and cpu are 2e-3 apart.
 */
const SMALL_INPUTS = [
  ["mlp", [8, 8, 1], 4, 2],
  ["cnn", [4, 4, 1], 4, 2],
  ["lenet", [16, 16, 1], 4, 2],
  ["resnet9", [8, 8, 1], 2, 1],
  ["har-cnn", [8, 6], 4, 2],
  ["prototype-mlp", [13], 4, 2],
  ["prototype-cnn", [16, 16, 1], 4, 2],
] as const;

// Run by webgpu.test.ts, in a process that has a Vulkan driver.
describeGradients("webgpu", ["product by a large matrix"]);

describe("with products that suit a software driver", function () {
  this.timeout(300_000);
  before(async () => {
    await createEngine("webgpu");
    tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", PACKED_PRODUCT);
  });
  describeEngine("webgpu");
  describePrivateTraining("webgpu");

  it("names a command that the GPU refused, instead of going on with zeros", async () => {
    useBackend("webgpu");
    const { device } = tf.backend() as unknown as {
      readonly device: {
        createBuffer(buffer: object): void;
        queue: { onSubmittedWorkDone(): Promise<void> };
      };
    };
    const evaluate = async () => {
      device.createBuffer({ size: 16, usage: 0 });
      await device.queue.onSubmittedWorkDone();
      await train("webgpu", "prototype-mlp", trainingOf([3], 2, 1));
    };
    const error = await evaluate().then(
      () => expect.fail("it should have failed"),
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ConcordatError);
    expect((error as ConcordatError).oneLine).to.include("The GPU refused a command");
    await train("webgpu", "prototype-mlp", trainingOf([3], 2, 1));
  });

  for (const [name, inputShape, batchSize, steps] of SMALL_INPUTS) {
    it(`trains ${name} as wasm does`, async () => {
      const step = trainingOf(inputShape, batchSize, steps);
      const [found, expected] = [await train("webgpu", name, step), await train("wasm", name, step)];
      expect(found.loss).to.be.closeTo(expected.loss, TOLERANCE);
      expected.weights.forEach(({ name: tensor, data }, i) => {
        const greatest = data.reduce(
          (most, x, j) => Math.max(most, Math.abs(x - (found.weights[i]?.data[j] ?? NaN))),
          0,
        );
        expect(greatest, tensor).to.be.below(TOLERANCE);
      });
    });
  }
});

function trainingOf(
  inputShape: readonly number[],
  batchSize: number,
  steps: number,
): Omit<TrainOptions, "weights"> {
  const count = steps * batchSize;
  const size = inputShape.reduce((product, dimension) => product * dimension, 1);
  const random = new SeededRandom(2, "built-in models");
  const features = Uint8Array.from({ length: count * size }, () => random.below(256));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const channels = inputShape.at(-1) ?? 1;
  const samples = {
    split: { features, labels, count },
    indices: Array.from(labels.keys()),
    inputShape,
    mean: Array.from({ length: channels }, () => 0.5),
    std: Array.from({ length: channels }, () => 0.5),
  };
  const hyper = {
    optimiser: "sgd" as const,
    learningRate: 0.001,
    momentum: 0.5,
    localEpochs: 1,
    batchSize,
    seed: 1,
  };
  return { samples, hyper, round: 1, member: 1 };
}

async function train(engine: EngineName, name: string, options: Omit<TrainOptions, "weights">) {
  const { inputShape } = options.samples;
  const model = await (
    await createEngine(engine)
  ).load({ topology: builtInTopology(name, inputShape, 3) }, inputShape, 3);
  try {
    return await model.train({ ...options, weights: model.initialise(1) });
  } finally {
    model.dispose();
  }
}
