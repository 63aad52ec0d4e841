import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { InputError } from "../../../protocol/errors.ts";
import type { TaskId } from "../../../protocol/ids.ts";
import { makeFolder } from "../artifacts/durableFile.ts";

/** A lock not renewed for this long belonged to a process that is gone. */
const STALE_MS = 10_000;
const RETRY_MS = 500;

/** The node's folder, held by this process alone. */
export interface DataFolder {
  /** Where the artifact store lives. */
  readonly artifacts: string;
  readonly statusFile: string;
  /** What the node's trainings have spent of its privacy budget, in all tasks. */
  readonly privacyLedger: string;
  /** Files for trainers that are programs, the node's records among them. Empty when the folder is taken. */
  readonly trainers: string;
  /** Transactions of one deployment that are not known to be over. */
  transactions(deployment: string): string;
  /** What the node keeps for one task of one deployment. */
  task(deployment: string, taskId: TaskId): string;
  release(): Promise<void>;
}

/**
 * Takes the folder for this process. The lock of a process that died is taken over once it is stale.
 * @param waitMs How long to wait for a lock to be freed or go stale.
 * @throws {InputError} when another process has it, or it cannot be written.
 */
export async function openDataFolder(
  dir: string,
  onLost: (error: Error) => void,
  waitMs = STALE_MS + 2000,
): Promise<DataFolder> {
  const trainers = join(dir, "trainers");
  let unlock: (() => Promise<void>) | undefined;
  try {
    await makeFolder(dir);
    unlock = await lock(dir, {
      lockfilePath: join(dir, "node.lock"),
      stale: STALE_MS,
      retries: { retries: Math.ceil(waitMs / RETRY_MS), minTimeout: RETRY_MS, maxTimeout: RETRY_MS },
      onCompromised: onLost,
    });
    // A process that was killed could not remove what its trainers were given.
    await rm(trainers, { recursive: true, force: true });
  } catch (cause) {
    await unlock?.();
    const isLocked = cause instanceof Error && "code" in cause && cause.code === "ELOCKED";
    throw new InputError(isLocked ? `Another node runs in ${dir}` : `The folder ${dir} cannot be used`, {
      hint: isLocked
        ? "Stop it, or give this node a dataDir of its own"
        : "Give a dataDir that you may write to",
      cause,
    });
  }
  return {
    trainers,
    artifacts: join(dir, "artifacts"),
    statusFile: join(dir, "status.json"),
    privacyLedger: join(dir, "privacy-ledger.json"),
    transactions: (deployment) => join(dir, "transactions", deployment),
    task: (deployment, taskId) => join(dir, "tasks", deployment, `task-${taskId}`),
    release: unlock,
  };
}
