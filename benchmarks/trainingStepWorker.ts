import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { builtInTopology } from "#learning/models/models";
import { type EngineName, type TrainableModel } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { loadTensorflowModel } from "#learning/engines/tensorflowModel";

/**
 * One variant of the training-step benchmark in its own process: reads a number of steps a line, trains them, and
 * answers with the CPU milliseconds a step took and the most megabytes that the process has had. Arguments: wasm | plain-wasm | cpu, and the model's name.
 */
const [variant = "wasm", modelName = "mlp"] = process.argv.slice(2);
const shape = [28, 28, 1] as const;
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.01,
  momentum: 0.5,
  localEpochs: 1,
  batchSize: 10,
  seed: 1,
};
const pixels = 28 * 28;
const count = 600;
const split = {
  features: Uint8Array.from({ length: count * pixels }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  count,
};

const model = await load();
const weights = model.initialise(1);
for await (const line of createInterface({ input: process.stdin })) {
  const steps = Number(line);
  const indices = Array.from({ length: steps * hyper.batchSize }, (_, i) => i % count);
  const samples = { split, indices, inputShape: shape, mean: [0.5], std: [0.5] };
  const before = process.cpuUsage();
  try {
    await model.train({ weights, samples, hyper, round: 1, member: 1 });
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000 / steps, process.resourceUsage().maxRSS / 1024);
  } catch (error) {
    console.log(`cannot train: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
}

async function load(): Promise<TrainableModel> {
  const topology = builtInTopology(modelName, shape, 10);
  if (variant !== "plain-wasm") return (await createEngine(variant)).load({ topology }, shape, 10);
  const tf = await import("@tensorflow/tfjs-core");
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
  return loadTensorflowModel("wasm" satisfies EngineName, { topology }, shape, 10);
}
