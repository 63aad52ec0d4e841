import { createInterface } from "node:readline";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology } from "#learning/models/models";

/**
 * One engine of the benchmark in its own process: reads a number of steps a line, trains them in one call, and answers
 * with the CPU and wall milliseconds of a step. Arguments: engine, model, batch size.
 */
const [engineName = "wasm", modelName = "mlp", batch = "10"] = process.argv.slice(2);
const shape = modelName === "resnet9" ? [32, 32, 3] : [28, 28, 1];
const size = shape.reduce((product, dimension) => product * dimension, 1);
const batchSize = Number(batch);
const count = 2 * batchSize;
const channels = shape.at(-1) ?? 1;
const split = {
  features: Uint8Array.from({ length: count * size }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  count,
};
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.001,
  momentum: 0.5,
  localEpochs: 1,
  batchSize,
  seed: 1,
};

const engine = await createEngine(engineName);
const model = await engine.load({ topology: builtInTopology(modelName, shape, 10) }, shape, 10);
const weights = model.initialise(1);
for await (const line of createInterface({ input: process.stdin })) {
  const steps = Number(line);
  const indices = Array.from({ length: steps * batchSize }, (_, i) => i % count);
  const samples = {
    split,
    indices,
    inputShape: shape,
    mean: Array.from({ length: channels }, () => 0.5),
    std: Array.from({ length: channels }, () => 0.5),
  };
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await model.train({ weights, samples, hyper, round: 1, member: 1 });
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({ cpuMs: (user + system) / 1000 / steps, wallMs: (performance.now() - wall) / steps }),
  );
}
