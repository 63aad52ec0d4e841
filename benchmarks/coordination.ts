/**
 * Coordination time of a round: everything but training and scoring, at K = 5, 10 and 20 with a 7 MB model. The chain runs
 * in this process, each node in its own (coordinationNode.ts), as operators run them.
 *
 * `node benchmarks/coordination.ts [K ...]` writes benchmarks/results/coordination.json and .md.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { createInterface } from "node:readline";
import { digits } from "#learning/data/digits";
import { elementCount } from "#protocol/artifacts/tensors";
import { Phase } from "#protocol/contracts/enums";
import type { TaskId } from "#protocol/ids";
import { LocalFederation, PASSWORD, type FederationNode } from "../test/integration/localFederation.ts";

const ROUNDS = 4;
const BLOCK_MS = 50;
/** Milliseconds between two looks of a node at the chain. */
const POLL_MS = 50;
/** 256 inputs, 6,550 hidden units, 10 classes: 1.75 million weights, 7.0 MB. */
const HIDDEN = 6550;

/** A line of a node's log. */
interface LogLine {
  readonly time: number;
  readonly task?: number;
  readonly node?: number;
  readonly round?: number;
  /** Processor seconds of the node so far. */
  readonly cpu?: number;
  readonly msg: string;
}

/** Seconds of one round. */
interface RoundTime {
  readonly training: number;
  readonly store: number;
  readonly verification: number;
  readonly chain: number;
  readonly scoring: number;
  /** Processor seconds of all nodes together, training and scoring included; the chain's are not. */
  readonly processor: number;
}

const PARTS = ["chain", "store", "verification", "training", "scoring", "processor"] as const;

const counts = process.argv.slice(2).map(Number);
const results: Awaited<ReturnType<typeof measure>>[] = [];
for (const nodes of counts.length === 0 ? [5, 10, 20] : counts) {
  results.push(await measure(nodes));
  await writeResults(results);
}

async function measure(nodes: number) {
  const lines: LogLine[] = [];
  const processes: ChildProcess[] = [];
  const federation = await LocalFederation.start({
    nodes,
    blockMs: BLOCK_MS,
    topology: topology(),
    trainPerClass: 1,
    validationPerClass: 1,
  });
  try {
    const day = 86_400;
    const task: TaskId = await federation.publish({
      rounds: ROUNDS,
      negotiationSteps: 2,
      trainingSeconds: day,
      aggregationSeconds: day,
      fetchSeconds: 3600,
      objectionSeconds: 3600,
      slotSeconds: 3600,
      negotiationSeconds: day,
    });
    await federation.join(task);
    for (const node of federation.nodes) processes.push(startNode(node, lines));
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    const { tensors } = federation.manifest.model;
    const bytes = 4 * tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    // The first round waits for the slowest node to start, the last has no successor whose opening ends it.
    const rounds = Array.from({ length: ROUNDS - 2 }, (_, i) => timeOf(lines, i + 2));
    return { nodes, modelBytes: bytes, rounds };
  } finally {
    await Promise.all(processes.map(stopNode));
    await federation.close();
  }
}

/** Starts a node and collects its log. */
function startNode({ config, nodeId }: FederationNode, lines: LogLine[]): ChildProcess {
  const program = new URL("coordinationNode.ts", import.meta.url);
  const given = JSON.stringify({ ...config, pollMs: POLL_MS });
  const child = fork(program, [given, String(nodeId), PASSWORD], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  if (child.stdout !== null)
    createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line) as LogLine));
  return child;
}

async function stopNode(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.disconnect();
  await ended;
}

/**
 * Splits a round at its milestones. What one node does while another works is counted once: a milestone is reached when
 * the last node that the round waits for has reached it.
 */
function timeOf(lines: readonly LogLine[], round: number): RoundTime {
  const times = (msg: string, of = round): number[] => {
    const found = lines.filter((line) => line.msg === msg && line.round === of).map(({ time }) => time);
    if (found.length === 0) throw new Error(`No node logged "${msg}" in round ${of}`);
    return found;
  };
  const first = (msg: string, of = round): number => Math.min(...times(msg, of));
  const last = (msg: string): number => Math.max(...times(msg));
  const opened = first("Training");
  const trained = last("trained");
  const stored = last("update stored");
  const closed = first("Aggregation");
  const fetched = first("updates fetched");
  const attested = first("proposing the aggregate");
  const posted = first("Negotiation");
  const received = last("global model fetched");
  const scored = last("scored");
  const finalised = first("Training", round + 1);
  const seconds = (ms: number): number => ms / 1000;
  return {
    training: seconds(trained - opened),
    store: seconds(stored - trained + (fetched - closed) + (received - posted)),
    verification: seconds(attested - fetched),
    chain: seconds(closed - stored + (posted - attested) + (finalised - scored)),
    scoring: seconds(scored - received),
    processor: processorUntil(lines, round + 1) - processorUntil(lines, round),
  };
}

/** Processor seconds that the nodes had used when each saw a round open. */
function processorUntil(lines: readonly LogLine[], round: number): number {
  const opened = lines.filter((line) => line.msg === "Training" && line.round === round);
  return opened.reduce((sum, { cpu = 0 }) => sum + cpu, 0);
}

async function writeResults(measured: readonly Awaited<ReturnType<typeof measure>>[]): Promise<void> {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, ${process.platform} ${process.arch}`;
  const load = loadavg()[0]?.toFixed(1) ?? "unknown";
  const folder = new URL("results/", import.meta.url);
  const json = { machine, loadAverage: load, blockMs: BLOCK_MS, rounds: ROUNDS - 2, measured };
  await writeFile(new URL("coordination.json", folder), `${JSON.stringify(json, undefined, 2)}\n`);
  const rows = measured.map(({ nodes, modelBytes, rounds }) => {
    const means = PARTS.map((part) => rounds.reduce((sum, time) => sum + time[part], 0) / rounds.length);
    const coordination = means.slice(0, 3).reduce((sum, mean) => sum + mean, 0);
    const cells = [coordination, ...means].map((value) => value.toFixed(2).padStart(12));
    return `| ${String(nodes).padStart(5)} | ${(modelBytes / 1e6).toFixed(1).padStart(8)} | ${cells.join(" | ")} |`;
  });
  const text = `# Coordination time of a round

Seconds, mean of rounds 2 to ${ROUNDS - 1} of one task. ${machine}; load average at the end ${load}. The chain (a block every
${BLOCK_MS} ms) and each node (a look at the chain every ${POLL_MS} ms) are processes of their own, but all share these
processors, which do the work of K machines. Coordination = chain + store + verification. Training (one batch, and the
personalised model of the round before) and scoring (two candidates on four images) are as small as they can be here, and
stand beside it; the processor seconds are those of all nodes for everything in a round.

The budget is 1 s at K = 10 on one machine. ${verdict(measured, load)}

Again: \`node benchmarks/coordination.ts\`.

|     K | model MB | coordination |        chain |        store | verification |     training |      scoring |  processor s |
| ----: | -------: | -----------: | -----------: | -----------: | -----------: | -----------: | -----------: | -----------: |
${rows.join("\n")}
`;
  await writeFile(new URL("coordination.md", folder), text);
  console.log(text);
}

/** Whether these figures say anything about the budget, and what. */
function verdict(measured: readonly Awaited<ReturnType<typeof measure>>[], load: string): string {
  const atTen = measured.find(({ nodes }) => nodes === 10);
  const shared =
    Number(load) > 2 * cpus().length
      ? ` Other work had the processors too (load average ${load}): these times are longer than the machine's own.`
      : "";
  if (atTen === undefined)
    return `This run did not measure K = 10, so it does not show that the budget is met.${shared}`;
  const times = atTen.rounds.map(({ chain, store, verification }) => chain + store + verification);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return `${mean < 1 ? "It is met" : "It is not met"}: ${mean.toFixed(2)} s.${shared}`;
}

function topology() {
  const { inputShape, classes } = digits();
  const layers = [
    { class_name: "Flatten", config: { name: "flatten", batch_input_shape: [null, ...inputShape] } },
    { class_name: "Dense", config: { name: "hidden", units: HIDDEN, activation: "relu", use_bias: true } },
    { class_name: "Dense", config: { name: "logits", units: classes, activation: "linear", use_bias: true } },
  ];
  return { class_name: "Sequential", config: { name: "wide", layers } };
}
