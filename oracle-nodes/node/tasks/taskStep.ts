import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "@concordat/protocol/errors";
import { Phase, enumName } from "@concordat/protocol/contracts/enums";
import { ContractError } from "@concordat/chain/contracts/contractError";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import type { ServedTask } from "./servedTask.ts";
import { errorFacts, problemOf, SaidOnce } from "../status/problemOf.ts";
import type { Services } from "../services.ts";
import { endsWithin } from "../rounds/waiting.ts";

/** Milliseconds before a step that failed is tried again: doubled from the first to the second. */
const RETRY_MS = [250, 4000] as const;
/** The longest pause where the operator has to do something first. */
const OPERATOR_RETRY_MS = 30_000;

/** What the node does in one phase. */
export type Duty = (view: RoundView, signal: AbortSignal) => Promise<void>;

/** What the node's duty depends on: while it stays the same, a step runs once. */
export function stepKey(view: RoundView): string {
  const { phase, round, retry, attempt, base, aggregate, openedAt, phaseStart } = view;
  const isAggregation = phase === Phase.Aggregation;
  // An opening or a phase that a reorganisation has replaced has the same numbers, but began at another time.
  return [phase, round, retry, isAggregation ? attempt : 0, base, aggregate, openedAt, phaseStart].join("/");
}

/** The block on which a step stands: what was read for it counts as long as this block is the chain's. */
export interface Footing {
  readonly block: number;
  /** Undefined where it could not be read. */
  readonly hash: string | undefined;
  /** Reorganisations that had been seen when the step began. */
  readonly reorganisations: number;
}

/** What the node is busy with in one phase. It is tried again until it is done or its phase is over. */
export class TaskStep {
  readonly key: string;
  readonly view: RoundView;
  footing: Footing;
  readonly #task: ServedTask;
  readonly #controller = new AbortController();
  /** Resolves when nothing of it is under way any more; never rejects. */
  readonly done: Promise<void>;

  constructor(
    services: Services,
    task: ServedTask,
    view: RoundView,
    footing: Footing,
    duty: Duty,
    outer: AbortSignal,
  ) {
    this.key = stepKey(view);
    this.view = view;
    this.footing = footing;
    this.#task = task;
    const { phase, round, retry, deadline } = view;
    task.logger.debug({ round, retry, attempt: view.attempt }, enumName(Phase, phase));
    services.board.update(task.taskId, { phase: enumName(Phase, phase), round, retry, deadline, awaits: [] });
    this.done = run(services, task, view, duty, AbortSignal.any([outer, this.#controller.signal]));
  }

  /**
   * Tells the step that it is over, and waits for it, but not for ever.
   * @returns Whether it has ended; one that has not is left behind, and said so.
   */
  async end(reason: Error, withinMs: number): Promise<boolean> {
    this.#controller.abort(reason);
    if (await endsWithin(this.done, withinMs)) return true;
    const { phase, round, retry } = this.view;
    this.#task.logger.error(
      { round, retry, phase: enumName(Phase, phase), seconds: withinMs / 1000 },
      "a step outlives its phase and is left behind",
    );
    return false;
  }
}

/** Runs a duty until it is done; a failure is logged once and tried again, and never ends the node. */
async function run(
  services: Services,
  task: ServedTask,
  view: RoundView,
  duty: Duty,
  signal: AbortSignal,
): Promise<void> {
  const said = new SaidOnce();
  let present = view;
  for (let pause: number = RETRY_MS[0]; !signal.aborted;) {
    try {
      return await duty(present, signal);
    } catch (error) {
      if (signal.aborted) return;
      const problem = problemOf(error);
      const isEarly = error instanceof ContractError && error.errorName === "SeedNotReady";
      const level = !isEarly && said.isNew(problem) ? "warn" : "debug";
      task.logger[level](errorFacts(error), "a step failed and is tried again");
      services.board.update(
        task.taskId,
        isEarly ? { doing: "waiting for the election's seed" } : { problem },
      );
      const longest = error instanceof InputError ? OPERATOR_RETRY_MS : RETRY_MS[1];
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(longest, pause * 2);
      present = (await sameAt(services, task, present)) ?? present;
    }
  }
}

/**
 * The same phase as read now: what was not there yet at the block of the first look may have come, and endpoints forget the state
 * of old blocks. Undefined where it cannot be read, or is over.
 */
async function sameAt(
  { chain }: Services,
  { taskId }: ServedTask,
  view: RoundView,
): Promise<RoundView | undefined> {
  const now = await chain.roundOf(taskId).catch(() => undefined);
  return now !== undefined && stepKey(now) === stepKey(view) ? now : undefined;
}
