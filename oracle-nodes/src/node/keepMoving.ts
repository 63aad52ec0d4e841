import { Phase, TaskState } from "../../../protocol/enums.ts";
import { ContractError } from "../chain/contractError.ts";
import type { RoundView } from "../chain/roundView.ts";
import type { ServedTask } from "./openTask.ts";
import type { Services } from "./services.ts";

/** Seconds between the turns of two members to move what is due: so one of them pays, and the next if it does not. */
const TURN_SECONDS = 3;
const LOOK_MS = 200;

/** Starts a task and ends its phases when they are due, one member after another. */
export interface Mover {
  /** Tells it the round as read last. */
  see(view: RoundView): void;
  /** Resolves when nothing of it is under way any more, after the signal has aborted or the task has ended. */
  done(): Promise<void>;
}

/** Watches a task's deadlines by the chain's clock. Does nothing where the configuration says so. */
export function keepMoving(services: Services, task: ServedTask, outer: AbortSignal): Mover {
  const closing = new AbortController();
  const signal = AbortSignal.any([outer, closing.signal]);
  let view: RoundView | undefined;
  let working: Promise<void> | undefined;
  const look = (): void => {
    if (signal.aborted || working !== undefined || view === undefined) return;
    working = move(services, task, view, signal)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const level = error instanceof ContractError ? "debug" : "warn";
        task.logger[level]({ error: String(error) }, "the phase could not be moved");
      })
      .finally(() => (working = undefined));
  };
  const timer = services.config.advance ? setInterval(look, LOOK_MS) : undefined;
  return {
    see: (seen) => (view = seen),
    done: async () => {
      clearInterval(timer);
      closing.abort(new Error("the task is over"));
      await working;
    },
  };
}

async function move(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  const { chain } = services;
  const { taskId, terms } = task;
  const now = chain.heads.now();
  if (view.phase === Phase.Ended) return;
  if (view.phase === Phase.None) {
    if (now < terms.startTime || now >= terms.timeLimit) return;
    const { state, activeCount } = await chain.taskStatus(taskId);
    if (state !== TaskState.Open || activeCount < terms.minNodes) return;
    if (now < terms.startTime + (await secondsUntilTurn(services, task, 0))) return;
    await chain.start(taskId, signal);
  } else {
    const due = Math.min(view.deadline, view.hardEnd);
    if (now < due || now < due + (await secondsUntilTurn(services, task, view.round))) return;
    const { blockNumber } = await chain.advance(taskId, signal);
    await chain.heads.reaches(blockNumber + chain.confirmations, signal);
  }
}

/** The first turn goes around with the rounds, so that the cost does. */
async function secondsUntilTurn(
  { chain, nodeId }: Services,
  { taskId }: ServedTask,
  round: number,
): Promise<number> {
  const [{ position }, { activeCount }] = await Promise.all([
    chain.member(taskId, nodeId),
    chain.taskStatus(taskId),
  ]);
  return activeCount === 0 ? 0 : TURN_SECONDS * ((position + round) % activeCount);
}
