import { createRequire } from "node:module";
import { mkdir, readdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { InputError } from "@concordat/protocol/errors";
import { writeWhole } from "@concordat/files/durableFile";
import { roundsIn } from "./checkpoint.ts";
import { type DivergedRun, readDivergence } from "./divergence.ts";
import { reportedRounds, variantsOf, type Experiment } from "./experiment.ts";
import { KEPT_MODELS, trajectoriesOf, digestOfSettings, planJobs, type Job } from "./plan.ts";
import { collect, type Results } from "./results/collect.ts";
import { csvFiles } from "./results/csv.ts";
import { plotFiles } from "./results/plots.ts";
import { summary, type Tuned } from "./results/summary.ts";
import { runJobs } from "./runJobs.ts";
import type { NamedScheme } from "./schemes.ts";
import { choose, tunedSchemes, tuningJobs } from "./tune.ts";

export interface ExperimentOptions {
  /** Folder of checkpoints and results. */
  readonly out: string;
  /** Processes at once; by default one a core. */
  readonly processes?: number;
  /** Whether to go on from what is in the folder. */
  readonly resume?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ExperimentProgress) => void;
}

/** Where an experiment stands. */
export interface ExperimentProgress {
  readonly stage: "tuning" | "running";
  /** Trainings of a node's split, done in this run or earlier ones, and to do. */
  readonly done: number;
  readonly total: number;
  /** Seconds that the rest of the stage will take at the pace so far; undefined before there is a pace. */
  readonly secondsLeft: number | undefined;
  /** The trajectory and seed that this is news of, and its last complete round. */
  readonly trajectory: string;
  readonly seed: number;
  readonly round: number;
  readonly rounds: number;
  /** Set where this is news of a run that diverged, now or in an earlier call. */
  readonly diverged?: DivergedRun;
}

/**
 * Runs an experiment, or the rest of it, and writes its result folder: manifest.json, CSV, summary.md and SVG. A run that diverges
 * ends alone: the others go on, and the results say which it was.
 * @returns The runs that diverged.
 * @throws {InputError} when the folder holds another run and `resume` is not given, or data or model cannot be used.
 */
export async function runExperiment(
  experiment: Experiment,
  options: ExperimentOptions,
): Promise<readonly DivergedRun[]> {
  const { out, processes = availableParallelism(), signal } = options;
  await mkdir(out, { recursive: true });
  if (options.resume !== true && (await readdir(out)).length > 0) {
    throw new InputError(`The folder ${out} is not empty`, {
      hint: "Add --resume to continue with what is in it, or choose another with --out",
    });
  }
  const run = async (stage: ExperimentProgress["stage"], jobs: readonly Job[]): Promise<void> => {
    const report = progressOf(stage, jobs, options.onProgress ?? (() => undefined));
    const open: Job[] = [];
    for (const job of jobs) {
      const done = (await roundsIn(job.dir)).at(-1) ?? 0;
      const divergence = done < job.rounds ? await readDivergence(job.dir) : undefined;
      if (divergence !== undefined) report(job, { kind: "diverged", divergence });
      else if (done < job.rounds) open.push(job);
      else report(job, { kind: "resumed", rounds: job.rounds });
    }
    await runJobs(open, processes, signal, report);
  };

  const trials = await tuningJobs(experiment, out);
  await run("tuning", trials);
  const tuned = await choose(experiment, trials);
  const { seeds, rounds } = experiment;
  const schemes: NamedScheme[] = [];
  const jobs: Job[] = [];
  for (const variant of variantsOf(experiment)) {
    const named = tunedSchemes(variant, tuned);
    schemes.push(...named);
    const all = { out, seeds, rounds, scoring: "test", variant: variant.name } as const;
    jobs.push(...(await planJobs(variant.experiment, named, all)));
  }
  await run("running", jobs);

  const results = await collect(jobs);
  const labels = schemes.map(({ label }) => label);
  const files = {
    ...csvFiles(results),
    ...(await plotFiles(results, labels, reportedRounds(experiment).at(-1) ?? rounds)),
    "summary.md": summary(experiment, schemes, results, tuned),
    "manifest.json": `${JSON.stringify(manifest(experiment, results, tuned), null, 2)}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeWhole({ path: join(out, name), bytes: text });
  if (!experiment.keepModels) await rm(join(out, KEPT_MODELS), { recursive: true, force: true });
  return results.diverged;
}

/** What is behind the results: everything that another run would need to give the same ones. */
function manifest(experiment: Experiment, results: Results, tuned: readonly Tuned[]): object {
  const { data, model, ...rest } = experiment;
  // Where files lie on this machine is nobody's concern.
  const { dir: _, ...records } = data;
  const configuration = { ...rest, model: basename(model), data: records };
  const require = createRequire(import.meta.url);
  const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version;
  const [facts] = results.facts.values();
  return {
    name: experiment.name,
    seeds: experiment.seeds,
    configurationDigest: digestOfSettings(configuration),
    configuration,
    tuned,
    engine: experiment.engine,
    versions: {
      concordat: packageJson.version,
      node: process.version,
      "@tensorflow/tfjs-core": versionOf("@tensorflow/tfjs-core"),
    },
    dataset: { digest: facts?.dataset, train: facts?.trainRecords, test: facts?.testRecords },
    parameters: facts?.parameters,
    partitions: Object.fromEntries([...results.facts].map(([seed, { partition }]) => [seed, partition])),
    /** Measurements behind the tables: rows of nodes.csv. */
    records: results.scores.length,
    diverged: results.diverged,
  };
}

function progressOf(
  stage: ExperimentProgress["stage"],
  jobs: readonly Job[],
  report: (progress: ExperimentProgress) => void,
): Parameters<typeof runJobs>[3] {
  const perRound = new Map(jobs.map((job) => [job, trainingsOf(job) * job.experiment.data.nodes]));
  const total = jobs.reduce((sum, job) => sum + job.rounds * (perRound.get(job) ?? 0), 0);
  const rounds = new Map<Job, number>();
  /** Trainings of each job that count as done. */
  const counted = new Map<Job, number>();
  const start = performance.now();
  let [done, trained] = [0, 0];
  return (job, progress) => {
    const ofJob = (trainings: number): void => {
      done += trainings - (counted.get(job) ?? 0);
      counted.set(job, trainings);
    };
    switch (progress.kind) {
      case "training":
        ofJob((counted.get(job) ?? 0) + 1);
        trained++;
        break;
      case "resumed":
        ofJob(progress.rounds * (perRound.get(job) ?? 0));
        rounds.set(job, progress.rounds);
        break;
      case "round":
        // A scheme that has ended leaves trainings out.
        ofJob(Math.max(counted.get(job) ?? 0, progress.round * (perRound.get(job) ?? 0)));
        rounds.set(job, progress.round);
        break;
      case "diverged":
        ofJob(job.rounds * (perRound.get(job) ?? 0));
        break;
      case "partDiverged":
        break;
    }
    const pace = (performance.now() - start) / 1000 / trained;
    report({
      stage,
      done,
      total,
      secondsLeft: trained === 0 ? undefined : (total - done) * pace,
      trajectory: job.trajectory,
      seed: job.seed,
      round: rounds.get(job) ?? 0,
      rounds: job.rounds,
      ...("divergence" in progress && { diverged: { ...progress.divergence, seed: job.seed } }),
    });
  };
}

function trainingsOf({ experiment, schemes, trajectory }: Job): number {
  return trajectoriesOf(experiment, schemes).find(({ name }) => name === trajectory)?.trainings ?? 1;
}
