import { setTimeout as sleep } from "node:timers/promises";
import { ArtifactError, ConcordatError, InputError } from "../../../protocol/errors.ts";
import { MemberStatus, Phase, TaskState, enumName } from "../../../protocol/enums.ts";
import type { Digest, TaskId } from "../../../protocol/ids.ts";
import type { RoundView } from "../chain/roundView.ts";
import { aggregationStep } from "./aggregationStep.ts";
import { keepMoving } from "./keepMoving.ts";
import { logFinalised } from "./logFinalised.ts";
import { negotiationStep } from "./negotiationStep.ts";
import { openTask, type ServedTask } from "./openTask.ts";
import { personalise } from "./personalisedModel.ts";
import { noteArtifacts, pruneArtifacts } from "./pruneArtifacts.ts";
import type { Services } from "./services.ts";
import { signedUpdate, trainingStep } from "./trainingStep.ts";

/** Milliseconds before something that failed is tried again, doubled up to the second value. */
const RETRY_MS = [250, 4000] as const;

/** What the node is busy with in one phase; ends when the phase does. */
interface Step {
  readonly key: string;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/**
 * Serves one task until it ends or the signal aborts. All state is the chain's and the folder's: whatever the phase is
 * when it starts, it takes part from there.
 * @throws {InputError} when this node cannot serve the task.
 */
export async function runTask(services: Services, taskId: TaskId, signal: AbortSignal): Promise<void> {
  if (!(await isTakenIn(services, taskId, signal))) return;
  const task = await openWhenPossible(services, taskId, signal);
  const mover = keepMoving(services, task, signal);
  let step: Step | undefined;
  let last: RoundView | undefined;
  try {
    for (;;) {
      const { head } = services.chain.heads;
      const view = await services.chain.roundOf(taskId).catch((error: unknown) => {
        task.logger.warn({ error: String(error) }, "the round cannot be read");
        return last;
      });
      if (view !== undefined) {
        const key = stepKey(view);
        if (key !== step?.key) {
          step?.controller.abort(new Error("the phase has ended"));
          await step?.done;
          if (last !== undefined) await logFinalised(services, task, last, view);
          if (await noteLeft(services, taskId)) return;
          step = startStep(services, task, view, last, key, signal);
        }
        mover.see(view);
        last = view;
        if (view.phase === Phase.Ended) return await step?.done;
        if (view.phase === Phase.None && (await isOver(services, taskId))) {
          await noteLeft(services, taskId);
          return;
        }
      }
      await services.chain.heads.after(head, signal);
    }
  } finally {
    step?.controller.abort(signal.reason);
    await step?.done;
    await mover.done();
    task.learning.model.dispose();
  }
}

/** Waits until a queued join is applied, at a round's opening. False when it was dropped, withdrawn, or the task is over. */
async function isTakenIn(services: Services, taskId: TaskId, signal: AbortSignal): Promise<boolean> {
  const { board, chain, nodeId } = services;
  for (;;) {
    const { head } = chain.heads;
    const { memberId, status } = await chain.member(taskId, nodeId);
    if (status === MemberStatus.Active || status === MemberStatus.Leaving) return memberId !== 0;
    if (status !== MemberStatus.Joining || (await isOver(services, taskId))) return false;
    board.update(taskId, { doing: "waiting to be taken in at the next opening" });
    await chain.heads.after(head, signal);
  }
}

/** Opens the task, again and again while its manifest cannot be had. */
async function openWhenPossible(
  services: Services,
  taskId: TaskId,
  signal: AbortSignal,
): Promise<ServedTask> {
  for (let pause: number = RETRY_MS[0]; ; pause = Math.min(RETRY_MS[1], pause * 2)) {
    try {
      const task = await openTask(services, taskId, signal);
      services.board.update(taskId, { name: task.manifest.name, doing: "waiting for the start" });
      return task;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof InputError || (await isOver(services, taskId))) throw error;
      const problem = error instanceof ConcordatError ? error.oneLine : String(error);
      services.logger.warn({ task: taskId, problem }, "the task cannot be taken up yet");
      services.board.update(taskId, { doing: "waiting for the manifest", problem });
      await sleep(pause, undefined, { signal });
    }
  }
}

/** Whether the task will never run (again), or the node has left it. */
async function isOver({ chain, nodeId }: Services, taskId: TaskId): Promise<boolean> {
  const [{ state }, { status }] = await Promise.all([chain.taskStatus(taskId), chain.member(taskId, nodeId)]);
  return (state !== TaskState.Open && state !== TaskState.Running) || status === MemberStatus.Left;
}

/** Whether the node has left the task; says so where its operator looks. */
async function noteLeft({ board, chain, logger, nodeId }: Services, taskId: TaskId): Promise<boolean> {
  const { status } = await chain.member(taskId, nodeId);
  if (status !== MemberStatus.Left) return false;
  const { isMember } = await chain.node(nodeId);
  const doing = isMember
    ? "over: the node has left the task"
    : "over: the node was removed from the registry";
  logger.warn({ task: taskId }, doing);
  board.update(taskId, { doing });
  return true;
}

/** What the node's duty depends on: while it stays the same, a step runs once. */
function stepKey({ phase, round, retry, attempt, base, aggregate }: RoundView): string {
  return [phase, round, retry, phase === Phase.Aggregation ? attempt : 0, base, aggregate].join("/");
}

function startStep(
  services: Services,
  task: ServedTask,
  view: RoundView,
  last: RoundView | undefined,
  key: string,
  outer: AbortSignal,
): Step {
  const controller = new AbortController();
  const signal = AbortSignal.any([outer, controller.signal]);
  const { phase, round, retry, deadline } = view;
  task.logger.debug({ round, retry, attempt: view.attempt }, enumName(Phase, phase));
  services.board.update(task.taskId, { phase: enumName(Phase, phase), round, retry, deadline });
  return { key, controller, done: runStep(services, task, view, last, signal) };
}

/** Runs a step until it is done; a failure is logged and tried again, and never ends the node. */
async function runStep(
  services: Services,
  task: ServedTask,
  view: RoundView,
  last: RoundView | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let pause: number = RETRY_MS[0]; !signal.aborted; pause = Math.min(RETRY_MS[1], pause * 2)) {
    try {
      return await duty(services, task, view, last, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isExpected = error instanceof ConcordatError;
      const problem = isExpected ? error.oneLine : String(error);
      task.logger.warn(isExpected ? { problem } : { err: error }, "a step failed and is tried again");
      services.board.update(task.taskId, { problem });
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function duty(
  services: Services,
  task: ServedTask,
  view: RoundView,
  last: RoundView | undefined,
  signal: AbortSignal,
): Promise<void> {
  switch (view.phase) {
    case Phase.None:
      return;
    case Phase.Training:
      if (view.round > 1 && view.retry === 0) {
        await afterRound(
          services,
          task,
          { ...view, round: view.round - 1, aggregate: view.base },
          last,
          signal,
        );
      }
      return trainingStep(services, task, view, signal);
    case Phase.Aggregation:
      return aggregationStep(services, task, view, signal);
    case Phase.Negotiation:
      return negotiationStep(services, task, view, signal);
    case Phase.Ended: {
      const { state, roundsPlayed } = await services.chain.taskStatus(task.taskId);
      if (roundsPlayed === view.round) await afterRound(services, task, view, view, signal);
      services.board.update(task.taskId, { doing: `over: ${enumName(TaskState, state).toLowerCase()}` });
    }
  }
}

/**
 * What follows a finalised round: the node's personalised model, and room on the disk. The node's update of that round
 * was signed under the round's own base, which only a node that saw the round remembers; others look for it on the disk.
 */
async function afterRound(
  services: Services,
  task: ServedTask,
  finalised: Pick<RoundView, "round" | "aggregate" | "alphaBps">,
  last: RoundView | undefined,
  signal: AbortSignal,
): Promise<void> {
  const seen =
    last?.round === finalised.round
      ? await signedUpdate(task, last)
      : await task.signed.latestUpdate(finalised.round);
  const own = seen === undefined ? [] : [seen.value.digest as Digest];
  try {
    await personalise(services, task, finalised, seen, signal);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    task.logger.warn({ problem: error.message }, "no personalised model of this round");
  }
  await noteArtifacts(services, task, finalised.round, [finalised.aggregate, ...own]);
  await pruneArtifacts(services, task, finalised.round);
  await task.feedback.forgetLocalBefore(finalised.round);
}
