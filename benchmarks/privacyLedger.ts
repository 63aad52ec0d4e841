/**
 * How long charging a node's privacy ledger keeps its event loop busy, beside composing on the loop, and the processor
 * time of both. Tasks as one round of DP-SGD after the other charges them.
 *
 * `node benchmarks/privacyLedger.ts [ROUNDS]` writes benchmarks/results/privacy-ledger.json and .md.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { PrivacyLedger } from "#node/privacyLedger";
import { epsilonOf } from "#learning/privacy/accountant";
import type { Use } from "#learning/privacy/mechanism";

const DELTA = 1e-5;
/** Noise multiplier, sampling rate and steps of a round: 600 records in batches of 10, and 80 in batches of 20. */
const TASKS = [
  { noiseMultiplier: 1.1, samplingRate: 10 / 600, steps: 60 },
  { noiseMultiplier: 2, samplingRate: 0.25, steps: 4 },
] as const;
/** Long enough for the monitor's timer to fire. */
const TURN_MS = 20;
const rounds = Number(process.argv[2] ?? 20);

interface Row {
  readonly place: "on the loop" | "in a thread";
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly processorMs: number;
  /** The longest time in which the loop answered nothing, by round: their median and greatest. */
  readonly medianMs: number;
  readonly greatestMs: number;
}

const rows: Row[] = [];
for (const { noiseMultiplier, samplingRate, steps } of TASKS) {
  const round: Use = { mechanism: { kind: "gaussian", noiseMultiplier, samplingRate }, times: steps };
  const dir = await mkdtemp(join(tmpdir(), "concordat-ledger-"));
  const ledger = await PrivacyLedger.open(join(dir, "ledger.json"));
  const ways = {
    "on the loop": async (count: number) => epsilonOf([{ ...round, times: count * steps }], DELTA),
    "in a thread": async () => ledger.charge("task-1", [round], DELTA),
  } as const;
  for (const place of ["on the loop", "in a thread"] as const) {
    rows.push({ place, noiseMultiplier, samplingRate, ...(await measure(ways[place])) });
  }
  await rm(dir, { recursive: true });
}
await write();

async function measure(charge: (round: number) => Promise<unknown>) {
  await charge(1);
  const delays: number[] = [];
  const start = process.cpuUsage();
  for (let round = 1; round <= rounds; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await sleep(TURN_MS);
    await charge(round);
    // A delay is noted once the loop turns again.
    await sleep(TURN_MS);
    delay.disable();
    delays.push(delay.max / 1e6);
  }
  const { user, system } = process.cpuUsage(start);
  const sorted = delays.toSorted((a, b) => a - b);
  return {
    processorMs: (user + system) / 1000 / rounds,
    medianMs: sorted[Math.floor(rounds / 2)] ?? 0,
    greatestMs: sorted.at(-1) ?? 0,
  };
}

async function write(): Promise<void> {
  const results = new URL("results/", import.meta.url);
  const [processor] = cpus();
  const machine = `${processor?.model ?? "unknown"}, Node.js ${process.version}, load ${loadavg()[0]?.toFixed(1)}`;
  await writeFile(
    new URL("privacy-ledger.json", results),
    `${JSON.stringify({ machine, rounds, delta: DELTA, rows }, undefined, 2)}\n`,
  );
  const lines = rows.map((row) =>
    [
      row.place,
      row.noiseMultiplier,
      row.samplingRate.toPrecision(3),
      ...[row.processorMs, row.medianMs, row.greatestMs].map((ms) => ms.toFixed(0)),
    ].join(" | "),
  );
  await writeFile(
    new URL("privacy-ledger.md", results),
    [
      "# Charging a node's privacy ledger",
      "",
      `${rounds} rounds of DP-SGD, each charged before it trains; the event loop's longest delay in a round, and processor`,
      "time of all threads. The loop's delay includes what other processes of the machine take from it.",
      "",
      "| composed | noise multiplier | sampling rate | processor, ms | delay, median ms | delay, greatest ms |",
      "| --- | --- | --- | --- | --- | --- |",
      ...lines.map((line) => `| ${line} |`),
      "",
      `${machine}. \`node benchmarks/privacyLedger.ts\``,
      "",
    ].join("\n"),
  );
}
