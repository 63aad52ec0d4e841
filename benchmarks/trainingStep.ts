import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

/**
 * CPU time of one training step (batch 10, 28 x 28 x 1) by engine, and of a node's round with its memory, beside PyTorch
 * on one thread where python3 has it. Every variant runs in its own process, all on one core; the variants take turns, so
 * that a busy machine disturbs them alike. Run with `node benchmarks/trainingStep.ts`.
 */
const REPETITIONS = 20;
/** Steps of one turn; 200 of the CNN in all. */
const STEPS = { mlp: 30, cnn: 10 } as const;
/** Steps of a node's round in paper 1's setting: 600 records, batch 10, five epochs. */
const ROUND_STEPS = 300;
/** Runs a command on the second core only, where the system can. */
const PINNED = spawnSync("taskset", ["-c", "1", "true"]).status === 0 ? ["taskset", "-c", "1"] : [];
const here = import.meta.dirname;

const python = ["python3", "/usr/bin/python3"].find(
  (path) => spawnSync(path, ["-c", "import torch"]).status === 0,
);

class Variant {
  readonly name: string;
  readonly times: number[] = [];
  /** Most memory that the process had, in MB. */
  peakMb = 0;
  failure: string | undefined;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    const [program = command, ...rest] = [...PINNED, command, ...args];
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
  }

  async run(steps: number): Promise<number> {
    if (this.failure !== undefined) return Number.NaN;
    this.#child.stdin?.write(`${steps}\n`);
    const [line] = (await once(this.#lines, "line")) as [string];
    const [milliseconds = Number.NaN, peakMb = 0] = line.split(" ").map(Number);
    if (Number.isNaN(milliseconds)) this.failure = line;
    this.peakMb = peakMb;
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
  for (const { name, times, peakMb, failure } of variants) {
    const ratios = times.map((time, i) => time / (reference?.times[i] ?? Number.NaN)).filter(Number.isFinite);
    const row =
      failure === undefined
        ? {
            cpuMsPerStep: round(median(times)),
            timesPyTorch: ratios.length > 0 ? round(median(ratios)) : null,
            cpuSecondsPerRound: round((median(times) * ROUND_STEPS) / 1000),
            peakMb: Math.round(peakMb),
            turns: times.length,
          }
        : { failure };
    results[model][name] = row;
    rows.push(
      "cpuMsPerStep" in row
        ? `| ${model} | ${name} | ${row.cpuMsPerStep} | ${row.timesPyTorch ?? "not measured"} | ${row.cpuSecondsPerRound} | ${row.peakMb} | ${row.turns} |`
        : `| ${model} | ${name} | ${failure} | | | | |`,
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
    `Batch 10, 28 x 28 x 1, medians of interleaved turns of ${STEPS.mlp} (MLP) and ${STEPS.cnn} (CNN) steps, by`,
    `\`node benchmarks/trainingStep.ts\` on ${PINNED.length > 0 ? "one pinned core of " : ""}${machine.cores} (${machine.cpu}, Node ${machine.node}). Ratios are medians of the ratios`,
    `within a round of turns. A round of a node is ${ROUND_STEPS} steps: 600 records, five epochs. The peak is the whole process's memory,`,
    "model, data and library included. Load average at the end: " + (loadavg()[0] ?? 0).toFixed(1) + ".",
    "",
    "| model | engine | CPU ms a step | times PyTorch, one thread | CPU s a round | peak MB | turns |",
    "| --- | --- | --- | --- | --- | --- | --- |",
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
