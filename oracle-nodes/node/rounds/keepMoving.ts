import { setTimeout as sleep } from "node:timers/promises";
import { Phase, TaskState } from "@concordat/protocol/contracts/enums";
import { ContractError } from "@concordat/chain/contracts/contractError";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import type { ServedTask } from "../tasks/servedTask.ts";
import { errorFacts, problemOf, SaidOnce } from "../status/problemOf.ts";
import type { Services } from "../services.ts";
import { stepKey } from "../tasks/taskStep.ts";

/**
 * Seconds between the turns of two members to move what is due, so that one of them pays, and the next if it does not: time
 * for what the first one sent to be in a block, within bounds.
 */
const TURN_SECONDS = { least: 3, most: 30, blocks: 1.5 } as const;
/** Milliseconds between two attempts to move the same phase, and the longest timer: the chain's clock may run otherwise. */
const RETRY_MS = 2000;
const MAX_TIMER_MS = 60_000;

/** Starts a task and ends its phases when they are due, one member after another. */
export interface Mover {
  /** Tells it the round as read last. */
  see(view: RoundView): void;
  /** A signal that aborts with `signal`, and when the round should be read again since something is due. */
  soon(signal: AbortSignal): AbortSignal;
  /** Resolves when nothing of it is under way any more, after the signal has aborted or the task has ended. */
  done(): Promise<void>;
}

/**
 * Watches a task's deadlines by the chain's clock. It reads the chain only when something is due by the round that it was
 * told. Does nothing where the configuration says so.
 */
export function keepMoving(services: Services, task: ServedTask, outer: AbortSignal): Mover {
  const closing = new AbortController();
  const signal = AbortSignal.any([outer, closing.signal]);
  const news = new News();
  const watching = services.config.advance
    ? watch(services, task, news, signal).catch(() => undefined)
    : Promise.resolve();
  return {
    see: (view) => news.tell(view),
    soon: (other) => AbortSignal.any([other, news.wanted()]),
    done: async () => {
      closing.abort(new Error("the task is over"));
      await watching;
    },
  };
}

/** The round as read last, told by one and awaited by another. */
class News {
  view: RoundView | undefined;
  #told = new AbortController();
  #wanted = new AbortController();

  tell(view: RoundView): void {
    this.view = view;
    this.#told.abort();
    this.#told = new AbortController();
  }

  /** Aborts when something newer is told. */
  get told(): AbortSignal {
    return this.#told.signal;
  }

  /** Asks for news. */
  want(): void {
    this.#wanted.abort();
  }

  /** Aborts when news are wanted. */
  wanted(): AbortSignal {
    this.#wanted = new AbortController();
    return this.#wanted.signal;
  }
}

async function watch(services: Services, task: ServedTask, news: News, signal: AbortSignal): Promise<void> {
  const { heads } = services.chain;
  const said = new SaidOnce();
  const turns = new Turns(services, task);
  for (;;) {
    signal.throwIfAborted();
    const { view, told } = news;
    const due = view === undefined ? Infinity : dueAt(task, view);
    if (view === undefined || due > heads.now()) {
      await pause((due - heads.now()) * 1000, told, signal);
      continue;
    }
    try {
      const turn = await turns.of(view);
      // Whoever comes first moves it: the next look at the round says whether it was another.
      if (turn > heads.now()) await pause((turn - heads.now()) * 1000, told, signal);
      else {
        await move(services, task, view, signal);
        said.reset();
        news.want();
        await pause(RETRY_MS, told, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      const isRefused = error instanceof ContractError;
      const level = isRefused || !said.isNew(problemOf(error)) ? "debug" : "warn";
      task.logger[level](errorFacts(error), "the phase could not be moved");
      news.want();
      await pause(RETRY_MS, told, signal);
    }
  }
}

/** Resolves after a time, or as soon as the round is read again. @throws the signal's reason. */
async function pause(ms: number, told: AbortSignal, signal: AbortSignal): Promise<void> {
  const bounded = Math.min(MAX_TIMER_MS, Math.max(0, ms));
  await sleep(bounded, undefined, { signal: AbortSignal.any([signal, told]) }).catch(() =>
    signal.throwIfAborted(),
  );
}

/** When something is to be moved, in seconds of the chain; never where nothing is. */
function dueAt({ terms }: ServedTask, { phase, deadline, hardEnd }: RoundView): number {
  if (phase === Phase.Ended) return Infinity;
  return phase === Phase.None ? terms.startTime : Math.min(deadline, hardEnd);
}

/**
 * When it is this node's turn to move what is due; read once for a phase, and again for each look at one that may start. The turns
 * to start a task begin when this node saw that it may: its start time may be long past when the last member joins.
 */
class Turns {
  readonly #services: Services;
  readonly #task: ServedTask;
  #mayStartSince: number | undefined;
  #known: { readonly key: string; readonly at: number } | undefined;

  constructor(services: Services, task: ServedTask) {
    this.#services = services;
    this.#task = task;
  }

  /** In seconds of the chain; never where nothing can be moved. */
  async of(view: RoundView): Promise<number> {
    const isStart = view.phase === Phase.None;
    const key = isStart ? `start ${view.block}` : `${stepKey(view)} ${dueAt(this.#task, view)}`;
    if (this.#known?.key === key) return this.#known.at;
    const at = isStart ? await this.#ofStart(view) : await this.#after(view, view.round);
    this.#known = { key, at };
    return at;
  }

  async #ofStart(view: RoundView): Promise<number> {
    const { chain } = this.#services;
    const { taskId, terms } = this.#task;
    const now = chain.heads.now();
    if (now >= terms.timeLimit) return Infinity;
    const { state, activeCount } = await chain.taskStatus(taskId, view.block);
    const mayStart = state === TaskState.Open && activeCount >= terms.minNodes;
    this.#mayStartSince = mayStart ? (this.#mayStartSince ?? now) : undefined;
    if (this.#mayStartSince === undefined) return Infinity;
    return this.#mayStartSince + (await secondsUntilTurn(this.#services, this.#task, 0));
  }

  async #after(view: RoundView, round: number): Promise<number> {
    return dueAt(this.#task, view) + (await secondsUntilTurn(this.#services, this.#task, round));
  }
}

async function move(
  { chain }: Services,
  { taskId }: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  if (view.phase === Phase.None) {
    await chain.start(taskId, signal);
    return;
  }
  const { blockNumber } = await chain.advance(taskId, signal);
  await chain.heads.reaches(blockNumber + chain.confirmations, signal);
}

/** The first turn goes around with the rounds, so that the cost does. */
async function secondsUntilTurn(
  { chain, nodeId }: Services,
  { taskId }: ServedTask,
  round: number,
): Promise<number> {
  const at = chain.confirmedBlock;
  const [{ position }, { activeCount }] = await Promise.all([
    chain.member(taskId, nodeId, at),
    chain.taskStatus(taskId, at),
  ]);
  if (activeCount === 0) return 0;
  const { least, most, blocks } = TURN_SECONDS;
  const seconds = Math.min(most, Math.max(least, blocks * chain.heads.blockSeconds));
  return Math.ceil(seconds * ((position + round) % activeCount));
}
