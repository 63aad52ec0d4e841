import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

/**
 * CPU time of one training step (batch 10, 28 x 28 x 1) by engine, beside PyTorch on one thread where python3 has it.
 * Every variant runs in its own process; the variants take turns, so that a busy machine disturbs them alike.
 * Run with `node benchmarks/trainingStep.ts`.
 */
const REPETITIONS = 5;
const STEPS = { mlp: 60, cnn: 6 } as const;
const here = import.meta.dirname;

const python = ["python3", "/usr/bin/python3"].find(
  (path) => spawnSync(path, ["-c", "import torch"]).status === 0,
);

class Variant {
  readonly name: string;
  readonly times: number[] = [];
  failure: string | undefined;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
  }

  async run(steps: number): Promise<number> {
    if (this.failure !== undefined) return Number.NaN;
    this.#child.stdin?.write(`${steps}\n`);
    const [line] = (await once(this.#lines, "line")) as [string];
    const milliseconds = Number(line);
    if (Number.isNaN(milliseconds)) this.failure = line;
    return milliseconds;
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

const results: Record<string, Record<string, object>> = {};
const rows: string[] = [];
for (const model of ["mlp", "cnn"] as const) {
  const worker = join(here, "trainingStepWorker.ts");
  const variants = ["wasm", "plain-wasm", "cpu"].map(
    (name) => new Variant(name, process.execPath, [worker, name, model]),
  );
  if (python !== undefined) {
    variants.push(new Variant("pytorch", python, [join(here, "training-step-torch.py"), model]));
  }
  // A step of the CNN on `cpu` takes many seconds: it is timed once, without a warm-up.
  const isSlow = (variant: Variant) => variant.name === "cpu" && model === "cnn";
  for (const variant of variants) if (!isSlow(variant)) await variant.run(STEPS[model]);
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    for (const variant of variants) {
      if (isSlow(variant) && repetition > 0) continue;
      variant.times.push(await variant.run(isSlow(variant) ? 1 : STEPS[model]));
    }
  }
  const reference = variants.find(({ name }) => name === "pytorch");
  results[model] = {};
  for (const { name, times, failure } of variants) {
    const ratios = times.map((time, i) => time / (reference?.times[i] ?? Number.NaN)).filter(Number.isFinite);
    const row =
      failure === undefined
        ? {
            cpuMsPerStep: round(median(times)),
            timesPyTorch: ratios.length > 0 ? round(median(ratios)) : null,
            runs: times.length,
          }
        : { failure };
    results[model][name] = row;
    rows.push(
      "cpuMsPerStep" in row
        ? `| ${model} | ${name} | ${row.cpuMsPerStep} | ${row.timesPyTorch ?? "not measured"} | ${row.runs} |`
        : `| ${model} | ${name} | ${failure} | | |`,
    );
  }
  for (const variant of variants) variant.end();
}

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
await writeFile(
  join(here, "results/training-step.json"),
  `${JSON.stringify({ machine, batch: 10, input: [28, 28, 1], steps: STEPS, results }, null, 2)}\n`,
);
await writeFile(
  join(here, "results/training-step.md"),
  [
    "# CPU time of a training step",
    "",
    `Batch 10, 28 x 28 x 1, medians of interleaved runs, by \`node benchmarks/trainingStep.ts\` on ${machine.cores} cores`,
    `(${machine.cpu}, Node ${machine.node}). Ratios are medians of the ratios within a round of turns.`,
    "",
    "| model | engine | CPU ms a step | times PyTorch, one thread | runs |",
    "| --- | --- | --- | --- | --- |",
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
