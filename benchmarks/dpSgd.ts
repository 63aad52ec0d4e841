import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { meanGradient } from "#learning/training/batchGradient";
import { privateGradient } from "#learning/training/dpSgd";
import { type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { initialWeights } from "#learning/models/initialWeights";
import { buildLayers, tensorSpecs } from "#learning/models/modelLayers";
import { builtInTopology } from "#learning/models/models";
import { SgdSteps } from "#learning/training/sgdSteps";
import { Keystream } from "#learning/nodeOnly/keystream";

/**
 * CPU time of a step of DP-SGD, noise included, beside a plain step of the same model, batch and engine (wasm). The two
 * take turns, so that a busy machine disturbs them alike; what counts is the ratio. Run with `node benchmarks/dpSgd.ts`.
 */
const BATCH = 10;
const SHAPE = [28, 28, 1];
const CLASSES = 10;
const REPETITIONS = 15;
const STEPS = { mlp: 20, cnn: 4 } as const;
const hyper = {
  optimiser: "sgd" as const,
  learningRate: 0.01,
  momentum: 0.5,
  localEpochs: 1,
  batchSize: BATCH,
  seed: 1,
};

await createEngine("wasm");
const results: Record<string, object> = {};
const rows: string[] = [];
for (const model of ["mlp", "cnn"] as const) {
  const layers = await buildLayers(builtInTopology(model, SHAPE, CLASSES));
  const weights = initialWeights(tensorSpecs(layers), 1);
  layers.weights.forEach((weight, i) =>
    weight.write(tf.tensor(weights[i]?.data ?? [], [...(weights[i]?.shape ?? [])])),
  );
  const variables = layers.trainableWeights.map((weight) => ({
    name: weight.originalName,
    variable: weight.read() as tf.Variable,
  }));
  const batch = {
    inputs: tf.randomNormal([BATCH, ...SHAPE], 0, 1, "float32", 1),
    answers: tf.cast(tf.oneHot(tf.range(0, BATCH, 1, "int32"), CLASSES), "float32") as tf.Tensor2D,
  };
  const privacy = { clip: 1, noise: { law: "gaussian", scale: 1.1 }, random: new Keystream() } as const;
  const rules = { plain: meanGradient, private: privateGradient(privacy, BATCH, false) };
  const sgd = new SgdSteps(variables, { hyper } as TrainOptions);
  const cpuMs = (rule: typeof meanGradient): number => {
    const before = process.cpuUsage();
    for (let step = 0; step < STEPS[model]; step++) {
      tf.tidy(() => {
        const { loss, gradients } = rule(layers, batch, sgd.variables);
        sgd.step(gradients);
        loss.dataSync();
      });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / STEPS[model];
  };
  for (const warmUp of [rules.plain, rules.private, rules.plain, rules.private]) cpuMs(warmUp);
  const pairs = Array.from({ length: REPETITIONS }, () => ({
    plain: cpuMs(rules.plain),
    private: cpuMs(rules.private),
  }));
  const ratio = median(pairs.map((pair) => pair.private / pair.plain));
  const parameters = variables.reduce((sum, { variable }) => sum + variable.size, 0);
  results[model] = {
    parameters,
    plainCpuMs: round(median(pairs.map(({ plain }) => plain))),
    privateCpuMs: round(median(pairs.map((pair) => pair.private))),
    ratio: round(ratio),
    runs: REPETITIONS,
  };
  rows.push(`| ${model} | ${parameters} | ${round(ratio)} | ${REPETITIONS} |`);
  sgd.dispose();
  layers.dispose();
}

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
await writeFile(
  join(import.meta.dirname, "results/dp-sgd.json"),
  `${JSON.stringify({ machine, engine: "wasm", batch: BATCH, input: SHAPE, steps: STEPS, results }, null, 2)}\n`,
);
await writeFile(
  join(import.meta.dirname, "results/dp-sgd.md"),
  [
    "# CPU time of a DP-SGD step beside a plain one",
    "",
    `Engine wasm, batch ${BATCH}, 28 x 28 x 1, clipping and Gaussian noise included, medians of the ratios of interleaved`,
    `runs, by \`node benchmarks/dpSgd.ts\` on ${machine.cores} cores (${machine.cpu}, Node ${machine.node}).`,
    "",
    "| model | parameters | times a plain step | runs |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n"),
);
console.log(rows.join("\n"));

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
