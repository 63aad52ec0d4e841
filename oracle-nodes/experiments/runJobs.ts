import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { ChainMessage } from "./trajectoryProcess.ts";
import type { Job } from "./plan.ts";
import type { TrajectoryProgress } from "./runTrajectory.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("#trajectoryProcess"));

/**
 * Runs jobs in processes of their own, some at a time. None outlives this call, nor this process: an abort or a failure
 * ends all, and each ends by itself when its channel closes.
 * @throws the signal's reason when aborted; the first failure otherwise.
 */
export async function runJobs(
  jobs: readonly Job[],
  processes: number,
  signal: AbortSignal,
  onProgress: (job: Job, progress: TrajectoryProgress) => void,
): Promise<void> {
  const waiting = [...jobs];
  const running = new Set<ChildProcess>();
  const killAll = (): void => running.forEach((child) => child.kill("SIGKILL"));
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      signal.throwIfAborted();
      await runJob(job, running, onProgress);
    }
  };
  process.on("exit", killAll);
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const workers = Array.from({ length: Math.min(processes, jobs.length) }, work);
    await Promise.race([Promise.all(workers), aborted.promise]);
  } finally {
    waiting.length = 0;
    signal.removeEventListener("abort", abort);
    const ends = [...running].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    killAll();
    await Promise.all(ends);
    process.removeListener("exit", killAll);
  }
}

async function runJob(
  job: Job,
  running: Set<ChildProcess>,
  onProgress: (job: Job, progress: TrajectoryProgress) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  running.add(child);
  let failure: Extract<ChainMessage, { kind: "failed" }> | undefined;
  child.on("message", (message: ChainMessage) => {
    if (message.kind === "failed") failure = message;
    else onProgress(job, message);
  });
  child.once("error", reject);
  child.once("exit", (code, killedBy) => {
    running.delete(child);
    if (failure !== undefined) reject(errorOf(failure));
    else if (code === 0) resolve();
    else {
      reject(
        new ConcordatError(
          `The process of ${job.trajectory}, seed ${job.seed}, ended with ${killedBy ?? code}`,
          {
            hint: "Run again with --resume",
          },
        ),
      );
    }
  });
  child.send(job);
  await promise;
}

function errorOf({ message, hint, isInput, isExpected }: Extract<ChainMessage, { kind: "failed" }>): Error {
  if (!isExpected) return new Error(message);
  const options = hint === undefined ? {} : { hint };
  return isInput ? new InputError(message, options) : new ConcordatError(message, options);
}
