import { createLogUpdate } from "log-update";
import { divergenceLine, type DivergedRun } from "@concordat/experiments/divergence";
import { readExperiment } from "@concordat/experiments/readExperiment";
import { runExperiment, type ExperimentProgress } from "@concordat/experiments/runExperiment";
import { ExitCode } from "@concordat/console/exitCode";
import { untilInterrupted } from "@concordat/console/interruption";
import { note, print } from "@concordat/console/output";

/** Milliseconds between two lines of progress where the output is no terminal. */
const LINE_MS = 30_000;
const BAR_CELLS = 24;

export interface BenchExperimentOptions {
  readonly out?: string;
  readonly data?: string;
  readonly processes?: number;
  readonly resume?: true;
}

/** `concordat bench experiment`. */
export async function runBenchExperiment(file: string, options: BenchExperimentOptions): Promise<void> {
  const experiment = await readExperiment(file, options.data);
  const out = options.out ?? experiment.name;
  const view = openProgress();
  let diverged: readonly DivergedRun[];
  try {
    diverged = await runExperiment(experiment, {
      out,
      ...(options.processes !== undefined && { processes: options.processes }),
      resume: options.resume === true,
      signal: untilInterrupted(),
      onProgress: view.show,
    });
  } finally {
    view.close();
  }
  print(`Results are in ${out}: read summary.md first`);
  if (diverged.length === 0) return;
  note(
    `${diverged.length === 1 ? "1 run" : `${diverged.length} runs`} diverged, so the results are from fewer seeds:`,
  );
  for (const run of diverged) note(divergenceLine(run));
  note("A lower learning rate or momentum may keep their values finite");
  process.exitCode = ExitCode.Incomplete;
}

/** A bar on a terminal; a line now and then elsewhere. */
function openProgress(): { show: (progress: ExperimentProgress) => void; close: () => void } {
  if (process.stderr.isTTY) {
    const update = createLogUpdate(process.stderr);
    return { show: (progress) => update(`${bar(progress)} ${line(progress)}`), close: () => update.done() };
  }
  let last = -Infinity;
  return {
    show: (progress) => {
      if (performance.now() - last < LINE_MS) return;
      last = performance.now();
      note(line(progress));
    },
    close: () => undefined,
  };
}

function bar({ done, total }: ExperimentProgress): string {
  const full = Math.round((BAR_CELLS * done) / total);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}]`;
}

function line({
  stage,
  done,
  total,
  secondsLeft,
  trajectory,
  seed,
  round,
  rounds,
}: ExperimentProgress): string {
  const left = secondsLeft === undefined ? "" : `, about ${duration(secondsLeft)} left`;
  const share = `${Math.floor((100 * done) / total)} %`;
  return `${stage}: ${share} of ${total} trainings${left}; ${trajectory}, seed ${seed}: round ${round} of ${rounds}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
