import { setTimeout as sleep } from "node:timers/promises";
import { ConcordatError } from "../../../protocol/errors.ts";
import { MemberStatus, TaskState } from "../../../protocol/enums.ts";
import type { TaskId } from "../../../protocol/ids.ts";
import type { Services } from "./services.ts";
import { runTask } from "./taskRunner.ts";

/** Milliseconds between two looks for tasks that the node has joined. */
const LOOK_MS = 500;
/** Tasks that are asked about at once when the node starts. */
const BATCH = 20;

/**
 * Serves every task that the node has joined or joins, as far as the configuration allows, each on its own: the failure of
 * one never touches another. Ends by the signal, or when all tasks of a configured list are over.
 */
export async function serveTasks(services: Services, signal: AbortSignal): Promise<void> {
  const { chain, config, nodeId, logger, peers } = services;
  const running = new Map<TaskId, Promise<void>>();
  const over = new Set<TaskId>();
  const wanted = config.tasks === "joined" ? undefined : new Set(config.tasks);
  const consider = (taskId: TaskId): void => {
    if (running.has(taskId) || wanted?.has(taskId) === false) return;
    over.delete(taskId);
    const served = serve(services, taskId, signal).finally(() => {
      running.delete(taskId);
      over.add(taskId);
    });
    running.set(taskId, served);
  };

  let seen = chain.confirmedBlock;
  try {
    for (const taskId of await tasksOf(services)) consider(taskId);
    for (;;) {
      await sleep(LOOK_MS, undefined, { signal });
      if (wanted !== undefined && [...wanted].every((id) => over.has(id as TaskId))) return;
      const block = chain.confirmedBlock;
      if (block <= seen) continue;
      try {
        const [joined, moved] = await Promise.all([
          chain.tasksJoined(nodeId, seen + 1, block),
          chain.endpointsChanged(seen + 1, block),
        ]);
        joined.forEach(consider);
        moved.forEach((peer) => peers.forget(peer));
        seen = block;
      } catch (error) {
        logger.warn({ error: String(error) }, "cannot look for changes of tasks and peers");
      }
    }
  } finally {
    await Promise.all(running.values());
  }
}

/** Open and running tasks in which the node is a member, or becomes one. */
async function tasksOf({ chain, nodeId }: Services): Promise<TaskId[]> {
  const count = await chain.taskCount();
  const tasks: TaskId[] = [];
  for (let first = 1; first <= count; first += BATCH) {
    const ids = Array.from({ length: Math.min(BATCH, count - first + 1) }, (_, i) => (first + i) as TaskId);
    const mine = await Promise.all(
      ids.map(async (id) => {
        const [{ status }, { state }] = await Promise.all([chain.member(id, nodeId), chain.taskStatus(id)]);
        const isMember = status !== MemberStatus.None && status !== MemberStatus.Left;
        return isMember && (state === TaskState.Open || state === TaskState.Running);
      }),
    );
    tasks.push(...ids.filter((_, i) => mine[i]));
  }
  return tasks;
}

async function serve(
  { board, logger, ...rest }: Services,
  taskId: TaskId,
  signal: AbortSignal,
): Promise<void> {
  try {
    await runTask({ board, logger, ...rest }, taskId, signal);
  } catch (error) {
    if (signal.aborted) return;
    const problem = error instanceof ConcordatError ? error.oneLine : String(error);
    logger.error(
      error instanceof ConcordatError ? { task: taskId, problem } : { task: taskId, err: error },
      "the task is not served",
    );
    board.update(taskId, { doing: "not served", problem });
  }
}
