import { MemberStatus, TaskState } from "@concordat/protocol/contracts/enums";
import type { TaskId } from "@concordat/protocol/ids";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { problemOf, SaidOnce } from "../status/problemOf.ts";
import type { Services } from "../services.ts";
import { nextLook } from "../rounds/waiting.ts";

/** Looks for the opening at which a queued join is applied, counted in idle looks at the chain. */
const LOOKS = 3;

/**
 * Waits until a queued join is applied, at a round's opening. False when the contract says that it was dropped or withdrawn,
 * or that the task is over; an endpoint that fails says nothing, and is asked again.
 */
export async function isTakenIn(services: Services, taskId: TaskId, signal: AbortSignal): Promise<boolean> {
  const { board, chain, nodeId, config, logger } = services;
  const said = new SaidOnce();
  for (;;) {
    const { head } = chain.heads;
    try {
      const at = chain.confirmedBlock;
      const { memberId, status } = await chain.member(taskId, nodeId, at);
      if (status === MemberStatus.Active || status === MemberStatus.Leaving) return memberId !== 0;
      if (status !== MemberStatus.Joining || (await isOver(services, taskId, at))) return false;
      board.update(taskId, { doing: "waiting to be taken in at the next opening" });
    } catch (error) {
      signal.throwIfAborted();
      if (!isEndpointFault(error)) throw error;
      const problem = problemOf(error);
      if (said.isNew(problem)) logger.warn({ task: taskId, problem }, "membership cannot be read yet");
      board.update(taskId, { doing: "waiting for the chain's endpoint", problem });
    }
    await nextLook(chain.heads, head, LOOKS * config.idlePollMs, signal);
  }
}

/** Whether the task will never run (again), or the node has left it. */
export async function isOver(
  { chain, nodeId }: Services,
  taskId: TaskId,
  at = chain.confirmedBlock,
): Promise<boolean> {
  const [{ state }, { status }] = await Promise.all([
    chain.taskStatus(taskId, at),
    chain.member(taskId, nodeId, at),
  ]);
  return (state !== TaskState.Open && state !== TaskState.Running) || status === MemberStatus.Left;
}

/** Whether the node has left the task; says so where its operator looks. */
export async function noteLeft(
  { board, chain, logger, nodeId }: Services,
  taskId: TaskId,
  at = chain.confirmedBlock,
): Promise<boolean> {
  const { status } = await chain.member(taskId, nodeId, at);
  if (status !== MemberStatus.Left) return false;
  const { isMember } = await chain.node(nodeId, at);
  const doing = isMember
    ? "over: the node has left the task"
    : "over: the node was removed from the registry";
  logger.warn({ task: taskId }, doing);
  board.update(taskId, { doing });
  return true;
}
