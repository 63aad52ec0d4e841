import { rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import type { TaskId } from "@concordat/protocol/ids";
import { makeFolder } from "@concordat/files/durableFile";
import { LockedError, takeLock, type FolderLock } from "@concordat/files/folderLock";

/** Milliseconds that a node which is about to stop has to free its folder before another is refused. */
const WAIT_MS = 2000;

/** The node's folder, held by this process alone. */
export interface DataFolder {
  /** Where the artifact store lives. */
  readonly artifacts: string;
  readonly statusFile: string;
  /** What the node's trainings have spent of its privacy budget, in all tasks. */
  readonly privacyLedger: string;
  /** Files for trainers that are programs, the node's records among them. Empty when the folder is taken. */
  readonly trainers: string;
  /** Who handed over which files, and what of them is on its way. */
  readonly uploads: string;
  /** Transactions of one deployment that are not known to be over. */
  transactions(deployment: string): string;
  /** What the node keeps for one task of one deployment. */
  task(deployment: string, taskId: TaskId): string;
  release(): Promise<void>;
}

/**
 * Takes the folder for this process. The lock of a process that died is taken over at once.
 * @param onLost Called when another process has taken the folder nevertheless.
 * @param waitMs How long to wait for its owner to leave.
 * @throws {InputError} when another process has it, or it cannot be written.
 */
export async function openDataFolder(
  dir: string,
  onLost: (error: Error) => void,
  waitMs = WAIT_MS,
): Promise<DataFolder> {
  const trainers = join(dir, "trainers");
  let lock: FolderLock | undefined;
  try {
    await makeFolder(dir);
    lock = await takeLock(join(dir, "node.lock"), { onLost, waitMs });
    // A process that was killed could not remove what its trainers were given.
    await rm(trainers, { recursive: true, force: true });
  } catch (cause) {
    await lock?.release();
    if (!(cause instanceof LockedError)) {
      throw new InputError(`The folder ${dir} cannot be used`, {
        hint: "Give a dataDir that you may write to",
        cause,
      });
    }
    const { owner } = cause;
    const who = owner === undefined ? "" : `, as process ${owner.pid} on ${owner.host}`;
    throw new InputError(`Another node runs in ${dir}${who}`, {
      hint: "Stop it, or give this node a dataDir of its own",
      cause,
    });
  }
  const { release } = lock;
  return {
    trainers,
    artifacts: join(dir, "artifacts"),
    statusFile: join(dir, "status.json"),
    privacyLedger: join(dir, "privacy-ledger.json"),
    uploads: join(dir, "uploads"),
    transactions: (deployment) => join(dir, "transactions", deployment),
    task: (deployment, taskId) => join(dir, "tasks", deployment, `task-${taskId}`),
    release,
  };
}
