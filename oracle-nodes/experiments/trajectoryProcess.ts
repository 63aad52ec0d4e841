/**
 * A process that runs one trajectory of an experiment. It gets its job over the channel from the process that started it, sends
 * progress back, and ends with it: checkpoints are whole files, so it may be killed at any moment.
 */
import { setPriority } from "node:os";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { Job } from "./plan.ts";
import { runTrajectory, type TrajectoryProgress } from "./runTrajectory.ts";

/** What the process sends. */
export type ChainMessage =
  | TrajectoryProgress
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly hint?: string;
      /** Whether the user's input is at fault. */
      readonly isInput: boolean;
      /** Whether the message says it all; otherwise the fault is ours, and it holds a stack. */
      readonly isExpected: boolean;
    };

const LOWEST_PRIORITY = 19;

setPriority(LOWEST_PRIORITY);
const leave = (): never => process.exit(130);
process.once("disconnect", leave);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, leave);
process.once("message", (job: Job) => void work(job));

async function work(job: Job): Promise<void> {
  const { signal } = new AbortController();
  try {
    await runTrajectory(job, signal, send);
  } catch (error) {
    send(failure(error));
  }
  process.removeListener("disconnect", leave);
  process.disconnect();
}

function failure(error: unknown): ChainMessage {
  const isExpected = error instanceof ConcordatError;
  return {
    kind: "failed",
    message: isExpected ? error.message : ((error as Error).stack ?? String(error)),
    ...(isExpected && error.hint !== undefined && { hint: error.hint }),
    isInput: error instanceof InputError,
    isExpected,
  };
}

function send(message: ChainMessage): void {
  process.send?.(message);
}
