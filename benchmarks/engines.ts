import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { findGpu } from "#learning/engines/backends/findGpu";

/**
 * Steps a second of the engines that run here, beside PyTorch on one thread, and on CUDA where it is. What computes on the
 * processor is pinned to one core and measured in CPU time, in turns, so that a busy machine disturbs all alike; what
 * computes on a GPU is measured by the clock. Run with `node benchmarks/engines.ts`; on a machine with a GPU it needs only
 * this repository with its packages.
 */
const MODELS = ["mlp", "cnn", "resnet9"] as const;
const BATCHES = [10, 128] as const;
/** Steps of a turn, so many that a turn takes a second or a few, on a processor and on a GPU. */
const STEPS = {
  mlp: { 10: [100, 500], 128: [30, 300] },
  cnn: { 10: [8, 300], 128: [1, 100] },
  resnet9: { 10: [1, 100], 128: [1, 50] },
} as const;
const TURNS = 5;
/** Seconds after which a model and batch gets no further turn. */
const BUDGET_S = 25;
const here = import.meta.dirname;

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}
interface Measured {
  readonly engine: string;
  readonly model: string;
  readonly batch: number;
  readonly stepsPerSecond: number;
  readonly msPerStep: number;
  readonly steps: number;
}

/** An engine in a process of its own. */
class Contestant {
  readonly engine: string;
  readonly onGpu: boolean;
  readonly costs: Cost[] = [];
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(engine: string, onGpu: boolean, command: string, args: readonly string[]) {
    this.engine = engine;
    this.onGpu = onGpu;
    const pinned = !onGpu && process.platform === "linux";
    const child = pinned
      ? spawn("taskset", ["-c", "0", command, ...args], { stdio: ["pipe", "pipe", "inherit"] })
      : spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
  }

  async run(steps: number): Promise<Cost> {
    this.#child.stdin?.write(`${steps}\n`);
    const [line] = (await once(this.#lines, "line")) as [string];
    return JSON.parse(line) as Cost;
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

const python = ["python3", "/usr/bin/python3"].find(
  (path) => spawnSync(path, ["-c", "import torch"]).status === 0,
);
const hasCuda =
  python !== undefined &&
  spawnSync(python, ["-c", "import sys, torch; sys.exit(not torch.cuda.is_available())"]).status === 0;
const search = await findGpu();

const measured: Measured[] = [];
for (const model of MODELS) {
  for (const batch of BATCHES) {
    const args = [model, String(batch)];
    const worker = join(here, "enginesWorker.ts");
    const torch = join(here, "engines-torch.py");
    const contestants = [new Contestant("wasm", false, process.execPath, [worker, "wasm", ...args])];
    if ("gpu" in search)
      contestants.push(new Contestant("webgpu", true, process.execPath, [worker, "webgpu", ...args]));
    if (python !== undefined)
      contestants.push(new Contestant("PyTorch, one thread", false, python, [torch, "cpu", ...args]));
    if (python !== undefined && hasCuda)
      contestants.push(new Contestant("PyTorch, CUDA", true, python, [torch, "cuda", ...args]));
    const stepsOf = ({ onGpu }: Contestant) => STEPS[model][batch][onGpu ? 1 : 0];
    for (const contestant of contestants) await contestant.run(1);
    const end = performance.now() + BUDGET_S * 1000;
    for (let turn = 0; turn < TURNS && (turn === 0 || performance.now() < end); turn++) {
      for (const contestant of contestants) contestant.costs.push(await contestant.run(stepsOf(contestant)));
    }
    for (const contestant of contestants) {
      const { engine, onGpu, costs } = contestant;
      const msPerStep = median(costs.map(({ cpuMs, wallMs }) => (onGpu ? wallMs : cpuMs)));
      const steps = costs.length * stepsOf(contestant);
      measured.push({ engine, model, batch, stepsPerSecond: 1000 / msPerStep, msPerStep, steps });
      console.log(`${model} ${batch} ${engine}: ${round(1000 / msPerStep)} steps a second`);
      contestant.end();
    }
  }
}

const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`;
const load = (loadavg()[0] ?? 0).toFixed(1);
const gpu =
  "gpu" in search ? `GPU: ${search.gpu}.` : `No GPU was measured, for this machine has none: ${search.none}.`;
await writeFile(
  join(here, "results/engines.json"),
  `${JSON.stringify({ machine, load, gpu, measured }, null, 2)}\n`,
);
const rows = measured.map(({ engine, model, batch, stepsPerSecond, msPerStep, steps }) => {
  const torch = measured.find(
    (other) => other.engine.startsWith("PyTorch, one") && other.model === model && other.batch === batch,
  );
  const ratio = torch === undefined ? "not measured" : round(msPerStep / torch.msPerStep);
  return `| ${model} | ${batch} | ${engine} | ${round(stepsPerSecond)} | ${round(msPerStep)} | ${ratio} | ${steps} |`;
});
await writeFile(
  join(here, "results/engines.md"),
  [
    "# Training steps a second, by engine",
    "",
    `${machine}; load average at the end ${load}; by \`node benchmarks/engines.ts\`. Inputs 28 x 28 x 1, for ResNet-9 32 x 32 x 3.`,
    "On the processor: one core, medians of the process's CPU time over interleaved turns. On a GPU: by the clock.",
    gpu,
    "",
    "| model | batch | engine | steps a second | ms a step | times PyTorch, one thread | steps |",
    "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n"),
);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
