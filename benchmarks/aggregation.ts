/**
 * Time and memory of every aggregation rule over 10 and 100 updates of the 5x5 CNN (1.66 million parameters).
 * Each case runs in a process of its own, so that the peak memory is its own; the updates are part of it.
 *
 *     node benchmarks/aggregation.ts          measures all cases and writes benchmarks/results/aggregation.{json,md}
 *     node benchmarks/aggregation.ts krum 10  measures one and prints it as JSON
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { aggregationRule } from "#learning/aggregation/aggregationRule";
import type { Update } from "#learning/aggregation/rule";
import { AGGREGATION_RULES, type AggregationRuleName } from "#protocol/rules/aggregationRule";
import { memberId } from "#protocol/ids";
import { elementCount } from "#protocol/artifacts/tensors";

/** The CNN of McMahan et al. 2017 on 28 x 28 grey images. */
const SHAPES = [[5, 5, 1, 32], [32], [5, 5, 32, 64], [64], [3136, 512], [512], [512, 10], [10]] as const;
const PARAMETERS = SHAPES.reduce((total, shape) => total + elementCount(shape), 0);
const SEED = 1;

interface Measurement {
  readonly rule: AggregationRuleName;
  readonly updates: number;
  readonly f: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly inputMegabytes: number;
  readonly peakRssMegabytes: number;
}

const [chosen, count] = process.argv.slice(2);
if (chosen === undefined) measureAll();
else {
  const rule = AGGREGATION_RULES.find((name) => name === chosen);
  if (rule === undefined || !(Number(count) >= 10))
    throw new Error("Give a rule and a number of updates from 10");
  console.log(JSON.stringify(await measure(rule, Number(count))));
}

/** Runs every case in turn and writes the results. */
function measureAll(): void {
  const measurements = [10, 100].flatMap((updates) =>
    AGGREGATION_RULES.map((rule) => {
      const output = execFileSync(process.execPath, [import.meta.filename, rule, `${updates}`], {
        encoding: "utf8",
      });
      console.log(output.trim());
      return JSON.parse(output) as Measurement;
    }),
  );
  const environment = {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model ?? "unknown",
    seed: SEED,
    parameters: PARAMETERS,
  };
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    new URL("aggregation.json", folder),
    `${JSON.stringify({ environment, measurements }, null, 2)}\n`,
  );
  writeFileSync(new URL("aggregation.md", folder), table(environment, measurements));
}

/** Aggregates once, with f = n / 10 Byzantine members tolerated. */
async function measure(rule: AggregationRuleName, n: number): Promise<Measurement> {
  const updates = drawUpdates(n);
  const f = Math.floor(n / 10);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await aggregationRule(rule).aggregate(updates, f);
  const { user, system } = process.cpuUsage(cpu);
  return {
    rule,
    updates: n,
    f,
    cpuSeconds: round((user + system) / 1e6, 2),
    wallSeconds: round((performance.now() - start) / 1e3, 2),
    inputMegabytes: round((n * PARAMETERS * 4) / 1e6, 0),
    peakRssMegabytes: round((process.resourceUsage().maxRSS * 1024) / 1e6, 0),
  };
}

/** Seeded updates with values in -0.1..0.1 (xorshift32), all of equal shape. */
function drawUpdates(n: number): Update[] {
  let state = SEED;
  const draw = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state / 2 ** 31) * 0.1;
  };
  return Array.from({ length: n }, (_, k) => ({
    memberId: memberId(k + 1),
    samples: 600 + k,
    tensors: SHAPES.map((shape, i) => ({
      name: `tensor${i}`,
      shape,
      data: new Float32Array(elementCount(shape)).map(draw),
    })),
  }));
}

function table(environment: Record<string, string | number>, measurements: readonly Measurement[]): string {
  const rows = measurements.map(
    (m) =>
      `| ${m.rule} | ${m.updates} | ${m.f} | ${m.cpuSeconds.toFixed(2)} | ${m.wallSeconds.toFixed(2)} ` +
      `| ${m.inputMegabytes} | ${m.peakRssMegabytes} |`,
  );
  return [
    "# Aggregation: time and memory per rule",
    "",
    `${PARAMETERS} float32 parameters an update, one thread, one run each, the updates included in the peak memory.`,
    `Node ${environment["node"]}, ${environment["platform"]}, ${environment["processor"]}. Seed ${SEED}.`,
    "Again: `node benchmarks/aggregation.ts`.",
    "",
    "| rule | updates | f | CPU s | wall s | input MB | peak RSS MB |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
