/**
 * Coordination time of a round: everything but training and scoring, at K = 5, 10 and 20 with a 7 MB model. The chain,
 * the contracts and all nodes run in this one process; blocks come every 50 ms.
 *
 * `node benchmarks/coordination.ts [K ...]` writes benchmarks/results/coordination.json and .md.
 */
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { pino } from "pino";
import { digits } from "../oracle-nodes/src/learning/digits.ts";
import { elementCount } from "../protocol/tensors.ts";
import { Phase } from "../protocol/enums.ts";
import type { TaskId } from "../protocol/ids.ts";
import { LocalFederation } from "../test/integration/localFederation.ts";

const ROUNDS = 4;
const BLOCK_MS = 50;
/** 256 inputs, 6,550 hidden units, 10 classes: 1.75 million weights, 7.0 MB. */
const HIDDEN = 6550;

/** A line of a node's log. */
interface LogLine {
  readonly time: number;
  readonly task?: number;
  readonly node?: number;
  readonly round?: number;
  readonly msg: string;
}

/** Seconds of one round. */
interface RoundTime {
  readonly training: number;
  readonly store: number;
  readonly verification: number;
  readonly chain: number;
  readonly scoring: number;
}

const PARTS = ["chain", "store", "verification", "training", "scoring"] as const;

const counts = process.argv.slice(2).map(Number);
const results: Awaited<ReturnType<typeof measure>>[] = [];
for (const nodes of counts.length === 0 ? [5, 10, 20] : counts) {
  results.push(await measure(nodes));
  await writeResults(results);
}

async function measure(nodes: number) {
  const lines: LogLine[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as LogLine);
  };
  const federation = await LocalFederation.start({
    nodes,
    blockMs: BLOCK_MS,
    topology: topology(),
    logger: pino({ level: "debug", base: null }, { write }),
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
    for (const node of federation.nodes) federation.startNode(node);
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    const { tensors } = federation.manifest.model;
    const bytes = 4 * tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    // The first round waits for the slowest node to start, the last has no successor whose opening ends it.
    const rounds = Array.from({ length: ROUNDS - 2 }, (_, i) => timeOf(lines, i + 2));
    return { nodes, modelBytes: bytes, rounds };
  } finally {
    await federation.close();
  }
}

/**
 * Splits a round at its milestones. What one node does while another works is counted once: a milestone is reached when
 * the last node that the round waits for has reached it.
 */
function timeOf(lines: readonly LogLine[], round: number): RoundTime {
  const times = (msg: string, of = round): number[] =>
    lines.filter((line) => line.msg === msg && line.round === of).map(({ time }) => time);
  const first = (msg: string, of = round): number => Math.min(...times(msg, of));
  const last = (msg: string): number => Math.max(...times(msg));
  const opened = first("Training");
  const trained = last("trained");
  const stored = last("update stored");
  const closed = first("Aggregation");
  const fetched = first("updates fetched");
  const attested = first("attested");
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
  };
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
${BLOCK_MS} ms), all nodes, their stores and their training share one process, so with K nodes a processor does the
work of K machines. Coordination = chain + store + verification. Training (one batch) and scoring (two candidates on four
images) are as small as they can be here, and stand beside it.
Again: \`node benchmarks/coordination.ts\`.

|     K | model MB | coordination |        chain |        store | verification |     training |      scoring |
| ----: | -------: | -----------: | -----------: | -----------: | -----------: | -----------: | -----------: |
${rows.join("\n")}
`;
  await writeFile(new URL("coordination.md", folder), text);
  console.log(text);
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
