/**
 * How fast an index reads a chain, how much memory it takes, and how long the example questions take. The chain runs in
 * this process, the index in one of its own, over HTTP.
 *
 * `node benchmarks/index.ts [ROUNDS]` writes benchmarks/results/index.json and .md.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { IndexFile } from "#audit/index/indexFile";
import type { IndexedChain } from "#audit/index/indexedChain";
import { Indexer } from "#audit/index/indexer";
import { rpcIndexSource } from "#audit/index/indexSource";
import { EXAMPLE_QUESTIONS } from "#audit/index/questions";
import type { Scenario } from "../test/audit/scenario.ts";

/** What the reading process tells of one reading. */
interface Reading {
  readonly seconds: number;
  /** Of the processor, starting the process included. */
  readonly processorSeconds: number;
  readonly events: number;
  /** Most memory that the process held, in mebibytes. */
  readonly memoryMb: number;
}

/** Times that each question is asked; the median counts. */
const REPEATS = 15;
const [first, ...rest] = process.argv.slice(2);

if (first === "read") await readAsChild(rest);
else await measure(Number(first ?? 60));

/** `read URL CHAIN FILE`: brings the index up once and tells how that went. */
async function readAsChild([url = "", chain = "", path = ""]: readonly string[]): Promise<void> {
  const parsed = JSON.parse(chain) as IndexedChain;
  const start = performance.now();
  const file = IndexFile.open(path, parsed);
  const source = rpcIndexSource(url);
  const indexer = new Indexer({ source, chain: parsed, file });
  let events = 0;
  for (let step = await indexer.step(); step.kind !== "current"; step = await indexer.step())
    if (step.kind === "read") events += step.events;
  const seconds = (performance.now() - start) / 1000;
  file.close();
  source.close();
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const reading: Reading = {
    seconds,
    processorSeconds: (userCPUTime + systemCPUTime) / 1e6,
    events,
    memoryMb: mostMemory(),
  };
  process.send?.(reading);
  process.disconnect();
}

/**
 * Most memory that this process held, in mebibytes. On Linux not from getrusage, which counts what the parent held when it
 * started this process.
 */
function mostMemory(): number {
  const kilobytes = existsSync("/proc/self/status")
    ? /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]
    : undefined;
  return Number(kilobytes ?? process.resourceUsage().maxRSS) / 1024;
}

async function measure(rounds: number): Promise<void> {
  // Not for the reading process, whose memory is measured: these bring the chain along.
  const { beginScenario } = await import("../test/audit/scenario.ts");
  const { chainOf, serveChain } = await import("../test/index/scenarioIndex.ts");
  const scenario = await beginScenario();
  await play(scenario, rounds);
  const endpoint = await serveChain(scenario);
  const folder = await mkdtemp(join(tmpdir(), "concordat-index-"));
  try {
    const path = join(folder, "index.sqlite");
    const blocks = await scenario.source.latestBlock();
    const reading = await read(endpoint.url, chainOf(scenario), path);
    const restart = await read(endpoint.url, chainOf(scenario), path);
    const { size } = await stat(path);
    const questions = timeQuestions(path);
    await writeResults({ rounds, blocks, reading, restart, size, questions });
  } finally {
    endpoint.close();
    await rm(folder, { recursive: true, force: true });
  }
  process.exit();
}

/** Tasks of ten rounds with five nodes, each of which sends its own update and report, as nodes do. */
async function play({ federation }: Scenario, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) await federation.startTask({ rounds: 10 });
    const nodes = await federation.activeNodes();
    for (const node of nodes) await federation.submitUpdates([await federation.update(node)]);
    await federation.aggregate();
    for (const node of nodes)
      await federation.submitReports([await federation.report(node, federation.rising())]);
  }
}

async function read(url: string, chain: IndexedChain, path: string): Promise<Reading> {
  const child = fork(fileURLToPath(import.meta.url), ["read", url, JSON.stringify(chain), path], {
    execArgv: ["--no-warnings"],
  });
  const [reading] = (await once(child, "message")) as [Reading];
  await once(child, "exit");
  return reading;
}

interface TimedQuestion {
  readonly title: string;
  readonly rows: number;
  readonly milliseconds: number;
}

function timeQuestions(path: string): readonly TimedQuestion[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return EXAMPLE_QUESTIONS.map(({ title, sql }) => {
      const times: number[] = [];
      let rows = 0;
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        const start = performance.now();
        rows = database.prepare(sql).all().length;
        times.push(performance.now() - start);
      }
      return { title, rows, milliseconds: times.toSorted((a, b) => a - b)[(REPEATS - 1) / 2] ?? 0 };
    });
  } finally {
    database.close();
  }
}

interface Results {
  readonly rounds: number;
  readonly blocks: number;
  readonly reading: Reading;
  readonly restart: Reading;
  /** Bytes of the file. */
  readonly size: number;
  readonly questions: readonly TimedQuestion[];
}

async function writeResults(results: Results): Promise<void> {
  const folder = new URL("results/", import.meta.url);
  const machine = { cpu: cpus()[0]?.model ?? "unknown", node: process.version, load: loadavg()[0] ?? 0 };
  await writeFile(new URL("index.json", folder), `${JSON.stringify({ ...machine, ...results }, null, 2)}\n`);
  const { rounds, blocks, reading, restart, size, questions } = results;
  const rate = Math.round(reading.events / reading.seconds);
  await writeFile(
    new URL("index.md", folder),
    `# Reading a chain into an index

${machine.cpu}, Node ${machine.node}; load average at the end ${machine.load.toFixed(1)}. A local chain of ${blocks} blocks with
${rounds} rounds of five nodes, each transaction with one result, as nodes send them. The chain answers over HTTP from
another process, which shares the processors.

| what | measured |
| --- | --- |
| first reading | ${reading.events} events in ${reading.seconds.toFixed(2)} s: ${rate} a second |
| processor time of that process, its start included | ${reading.processorSeconds.toFixed(2)} s |
| memory of the process at most | ${reading.memoryMb.toFixed(0)} MB; ${restart.memoryMb.toFixed(0)} MB where there is nothing to read |
| opening again, nothing new | ${(restart.seconds * 1000).toFixed(0)} ms |
| file | ${(size / 2 ** 20).toFixed(2)} MB, ${Math.round(size / reading.events)} bytes an event |

| example question | rows | ms (median of ${REPEATS}) |
| --- | ---: | ---: |
${questions.map(({ title, rows, milliseconds }) => `| ${title} | ${rows} | ${milliseconds.toFixed(1)} |`).join("\n")}

Again: \`node benchmarks/index.ts\`.
`,
  );
}
