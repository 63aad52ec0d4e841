/**
 * SCEI's personalised models against FedAvg's global model and Local's models over several seeds: same partition, same
 * initial model, same shuffles for all schemes of a seed; scored on test splits after the last round only.
 *
 *     node benchmarks/comparison.ts --dataset mnist --model mlp --nodes 10 --rounds 20 --seeds 5 --data DIR
 *
 * With training base `global` alpha never influences training, so one run a seed gives FedAvg (w_G), both strategies of
 * SCEI (alpha* w_k + (1 - alpha*) w_G) and, trained apart, Local. Rounds run the nodes' own learning and aggregation in
 * process, without chain. Writes benchmarks/results/comparison-DATASET-MODEL.{json,md}.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs, promisify } from "node:util";
import { aggregationRule } from "../oracle-nodes/src/aggregation/aggregationRule.ts";
import type { Update } from "../oracle-nodes/src/aggregation/rule.ts";
import { trainLocalBaseline } from "../oracle-nodes/src/learning/baselines.ts";
import { datasetTerms, loadDataset } from "../oracle-nodes/src/learning/dataset.ts";
import { loadTask } from "../oracle-nodes/src/learning/loadTask.ts";
import { manifestModel } from "../oracle-nodes/src/learning/manifestModel.ts";
import { builtInTopology } from "../oracle-nodes/src/learning/models.ts";
import { partition } from "../oracle-nodes/src/learning/partition.ts";
import { mix, scoreCandidates } from "../oracle-nodes/src/learning/personalise.ts";
import { AlphaGrid, ScoreKind, Strategy } from "../protocol/enums.ts";
import { memberId } from "../protocol/ids.ts";
import { DATASET_NAMES } from "../protocol/datasetTerms.ts";
import type { TaskManifest } from "../protocol/manifest.ts";
import { alphaAt, alphaCandidates, selectAlpha } from "../protocol/rules/alphaSelection.ts";
import type { ModelTensors } from "../protocol/tensors.ts";

/** The prototype's bounds (papers, SCEI section 4.1) with the paper's grid r = 1..R. */
const GRID = {
  alphaLowerBps: 5000,
  alphaUpperBps: 8000,
  negotiationSteps: 10,
  alphaGrid: AlphaGrid.IncludeUpper,
} as const;
const SKEW_BPS = 1000;
const SCHEMES = ["FedAvg", "Local", "SCEI argmax-mean", "SCEI min-variance"] as const;
type Scheme = (typeof SCHEMES)[number];

/** Mean accuracy over the nodes of one seed, in percent. */
interface SeedResult {
  readonly seed: number;
  readonly partition: string;
  readonly alphaBps: Readonly<Record<"argmaxMean" | "minVariance", number>>;
  readonly clean: Readonly<Record<Scheme, number>>;
  readonly skewed: Readonly<Record<Scheme, number>>;
}

const { values: options } = parseArgs({
  options: {
    dataset: { type: "string", default: "digits" },
    data: { type: "string" },
    model: { type: "string", default: "mlp" },
    nodes: { type: "string", default: "5" },
    rounds: { type: "string", default: "8" },
    seeds: { type: "string", default: "5" },
    processes: { type: "string", default: "2" },
    seed: { type: "string" },
  },
});
const nodes = Number(options.nodes);
const rounds = Number(options.rounds);
const hyper = { optimiser: "sgd", learningRate: 0.01, momentum: 0.5, localEpochs: 5, batchSize: 10 } as const;

if (options.seed !== undefined) console.log(JSON.stringify(await runSeed(Number(options.seed))));
else await runAll();

async function runSeed(seed: number): Promise<SeedResult> {
  const name = DATASET_NAMES.find((known) => known === options.dataset);
  if (name === undefined) throw new Error(`Unknown dataset ${options.dataset}`);
  const dataset = await loadDataset(name, options.data);
  const { inputShape, classes } = dataset;
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    name: "comparison",
    description: "",
    model: await manifestModel(builtInTopology(options.model, inputShape, classes), inputShape, classes),
    dataset: datasetTerms(dataset),
    training: { ...hyper, seed },
    evaluation: { metric: "accuracy", negotiationSplit: "validation" },
    privacy: { kind: "none" },
    compression: { kind: "none" },
  };
  const { model, samplerFor } = await loadTask(manifest, { dataset });
  const split = partition({ dataset, nodes, seed });
  const initial = model.initialise(seed);
  const members = split.nodes.map((data, index) => {
    const samples = samplerFor(data.train);
    return { id: memberId(index + 1), data, samples, train: samples(dataset.train, data.train) };
  });

  let global = initial;
  let updates: Update[] = [];
  for (let round = 1; round <= rounds; round++) {
    updates = [];
    for (const { id, train } of members) {
      const trained = await model.train({
        weights: global,
        samples: train,
        hyper: manifest.training,
        round,
        member: id,
      });
      updates.push({ memberId: id, samples: trained.samples, tensors: trained.weights });
    }
    global = (await aggregationRule("fedavg").aggregate(updates, 0)).tensors;
  }

  const sums = alphaCandidates(GRID).map(() => 0n);
  const squares = alphaCandidates(GRID).map(() => 0n);
  for (const [index, { data, samples }] of members.entries()) {
    const validation = samples(dataset.train, data.validation);
    const scores = await scoreCandidates(
      model,
      alphaCandidates(GRID),
      tensorsOf(updates, index),
      global,
      validation,
    );
    scores.forEach((score, r) => {
      sums[r] = (sums[r] ?? 0n) + BigInt(score);
      squares[r] = (squares[r] ?? 0n) + BigInt(score) ** 2n;
    });
  }
  const alphaOf = (strategy: Strategy) =>
    alphaAt(GRID, selectAlpha(strategy, ScoreKind.Accuracy, { reports: nodes, sums, squares }));
  const argmaxMean = alphaOf(Strategy.ArgmaxMean);
  const minVariance = alphaOf(Strategy.MinVariance);

  const clean = emptyScores();
  const skewed = emptyScores();
  for (const [index, { id, data, samples, train }] of members.entries()) {
    const own = tensorsOf(updates, index);
    const local = await trainLocalBaseline(model, {
      initial,
      samples: train,
      hyper: manifest.training,
      rounds,
      member: id,
    });
    const models: Record<Scheme, ModelTensors> = {
      FedAvg: global,
      Local: local,
      "SCEI argmax-mean": mix(argmaxMean, own, global),
      "SCEI min-variance": mix(minVariance, own, global),
    };
    const foreign = data.skewed.find(({ levelBps }) => levelBps === SKEW_BPS);
    for (const scheme of SCHEMES) {
      const score = async (indices: readonly number[]) => {
        const { correct, total } = await model.evaluate(models[scheme], samples(dataset.test, indices));
        return (100 * correct) / total / nodes;
      };
      clean[scheme] += await score(data.test);
      skewed[scheme] += await score(foreign?.test ?? []);
    }
  }
  return { seed, partition: split.digest, alphaBps: { argmaxMean, minVariance }, clean, skewed };
}

/** Runs the seeds in processes of their own, a few at a time, and writes the results. */
async function runAll(): Promise<void> {
  const pending = Array.from({ length: Number(options.seeds) }, (_, index) => index + 1);
  const results: SeedResult[] = [];
  const work = async () => {
    for (let seed = pending.shift(); seed !== undefined; seed = pending.shift()) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        import.meta.filename,
        ...process.argv.slice(2),
        "--seed",
        `${seed}`,
      ]);
      console.log(stdout.trim());
      results.push(JSON.parse(stdout) as SeedResult);
    }
  };
  await Promise.all(Array.from({ length: Number(options.processes) }, work));
  results.sort((a, b) => a.seed - b.seed);
  const setting = { dataset: options.dataset, model: options.model, nodes, rounds, ...hyper, grid: GRID };
  const path = new URL(`results/comparison-${options.dataset}-${options.model}`, import.meta.url).pathname;
  writeFileSync(`${path}.json`, JSON.stringify({ setting, node: process.version, results }, null, 2) + "\n");
  writeFileSync(`${path}.md`, table(results));
  console.log(table(results));
}

function table(results: readonly SeedResult[]): string {
  const against = (kind: "clean" | "skewed", scheme: Scheme, other: Scheme) =>
    meanAndDeviation(results.map((result) => result[kind][scheme] - result[kind][other]));
  const rows = SCHEMES.map((scheme) => {
    const cell = (kind: "clean" | "skewed") =>
      meanAndDeviation(results.map((result) => result[kind][scheme]));
    return `| ${scheme} | ${cell("clean")} | ${cell("skewed")} |`;
  });
  const differences = SCHEMES.filter((scheme) => scheme.startsWith("SCEI")).flatMap((scheme) =>
    (["FedAvg", "Local"] as const).map(
      (other) =>
        `| ${scheme} minus ${other} | ${against("clean", scheme, other)} | ${against("skewed", scheme, other)} |`,
    ),
  );
  return `# ${options.dataset}, ${options.model}, ${nodes} nodes, ${rounds} rounds, ${results.length} seeds

Accuracy in percent, mean over the nodes after the last round, then mean and standard deviation over seeds. All schemes of a
seed share partition, initial model and shuffles. Skewed: 10 % level (5 images of each foreign class added). Differences are
paired by seed. Alpha* by seed: ${results.map(({ alphaBps }) => `${alphaBps.argmaxMean / 100}/${alphaBps.minVariance / 100} %`).join(", ")} (argmax-mean/min-variance).

| scheme | clean test | skewed test |
| --- | ---: | ---: |
${[...rows, ...differences].join("\n")}

Made by \`node benchmarks/comparison.ts --dataset ${options.dataset} --model ${options.model} --nodes ${nodes} --rounds ${rounds} --seeds ${results.length}${options.data === undefined ? "" : " --data DIR"}\`.
`;
}

function meanAndDeviation(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)}`;
}

function tensorsOf(updates: readonly Update[], index: number): ModelTensors {
  const update = updates[index];
  if (update === undefined) throw new Error(`There is no update ${index}`);
  return update.tensors;
}

function emptyScores(): Record<Scheme, number> {
  return { FedAvg: 0, Local: 0, "SCEI argmax-mean": 0, "SCEI min-variance": 0 };
}
