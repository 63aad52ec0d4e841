import { setTimeout as sleep } from "node:timers/promises";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { Phase, TaskState } from "@concordat/protocol/contracts/enums";
import type { TaskId } from "@concordat/protocol/ids";
import { untilAborted } from "@concordat/protocol/untilAborted";
import { ContractError } from "@concordat/chain/contracts/contractError";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import { AwaitedMembers } from "../rounds/awaitedMembers.ts";
import { duty } from "../rounds/duty.ts";
import { FinalisedRounds } from "../rounds/finalisedRounds.ts";
import { keepMoving } from "../rounds/keepMoving.ts";
import { openTask } from "./openTask.ts";
import { type ServedTask } from "./servedTask.ts";
import { errorFacts, problemOf, SaidOnce } from "../status/problemOf.ts";
import { restoreArtifacts } from "../serving/restoreArtifacts.ts";
import type { Services } from "../services.ts";
import { isOver, isTakenIn, noteLeft } from "./taskMembership.ts";
import { TaskStep, stepKey, type Footing } from "./taskStep.ts";
import { endsWithin, nextLook } from "../rounds/waiting.ts";

/** Milliseconds before the manifest is asked for again, doubled up to the second value. */
const RETRY_MS = [250, 60_000] as const;
/** Milliseconds that a step has to end when its phase has; training looks up after each batch. */
const STEP_GRACE_MS = 15_000;
/** The same when the node is to stop. */
const STOP_GRACE_MS = 4000;
/** Milliseconds between two looks at a running task on a chain that makes no blocks. */
const LOOK_MS = 5000;
/** Looks at a task that has not started, and whether it will ever, counted in idle looks at the chain. */
const WAITING_LOOKS = 3;
const OVER_LOOKS = 40;
/** Milliseconds for which a task's end is watched on a chain that makes no blocks. */
const END_MS = 30_000;

/**
 * Serves one task until it ends or the signal aborts. All state is the chain's and the folder's: whatever the phase is
 * when it starts, it takes part from there. An endpoint that fails is waited for; only what the contract says ends it.
 * @throws {InputError} when this node cannot serve the task.
 * @throws {ContractError} when the contract knows no such task.
 */
export async function runTask(services: Services, taskId: TaskId, signal: AbortSignal): Promise<void> {
  if (!(await untilAborted(isTakenIn(services, taskId, signal), signal))) return;
  for (;;) {
    const task = await openWhenPossible(services, taskId, signal);
    const run = new TaskRun(services, task, signal);
    try {
      if ((await untilAborted(run.serve(), signal)) === "over") return;
      task.logger.warn("the task is started afresh");
    } finally {
      await run.close();
    }
  }
}

/** Opens the task, again and again while its manifest or its chain cannot be had. */
async function openWhenPossible(
  services: Services,
  taskId: TaskId,
  signal: AbortSignal,
): Promise<ServedTask> {
  const said = new SaidOnce();
  for (let pause: number = RETRY_MS[0]; ; pause = Math.min(RETRY_MS[1], pause * 2)) {
    try {
      const task = await openTask(services, taskId, signal);
      services.board.update(taskId, { name: task.manifest.name, doing: "waiting for the start" });
      return task;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof InputError || error instanceof ContractError) throw error;
      const isEndpoints = isEndpointFault(error);
      if (!isEndpoints && (await isOver(services, taskId).catch(() => false))) throw error;
      const problem = problemOf(error);
      const facts = error instanceof ConcordatError ? { problem } : { err: error };
      if (said.isNew(problem))
        services.logger.warn({ task: taskId, ...facts }, "the task cannot be taken up yet");
      const doing = isEndpoints ? "waiting for the chain's endpoint" : "waiting for the manifest";
      services.board.update(taskId, { doing, problem });
      await sleep(pause, undefined, { signal });
    }
  }
}

/** One taking up of a task. */
class TaskRun {
  readonly #services: Services;
  readonly #task: ServedTask;
  readonly #outer: AbortSignal;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #mover;
  readonly #rounds: FinalisedRounds;
  readonly #awaited: AwaitedMembers;
  readonly #restoring: Promise<void>;
  readonly #said = new SaidOnce();
  #step: TaskStep | undefined;
  #last: RoundView | undefined;
  /** Whether it is to be asked if the node is still a member. */
  #isMembershipDue = false;
  #askedOverAt = -Infinity;

  constructor(services: Services, task: ServedTask, outer: AbortSignal) {
    this.#services = services;
    this.#task = task;
    this.#outer = outer;
    this.#signal = AbortSignal.any([outer, this.#closing.signal]);
    this.#mover = keepMoving(services, task, this.#signal);
    this.#rounds = new FinalisedRounds(services, task);
    this.#awaited = new AwaitedMembers(services, task, this.#signal);
    this.#restoring = restoreArtifacts(services, task, this.#signal);
  }

  /** Follows the task's rounds. "again": something of it hangs, and the task must be taken up anew. */
  async serve(): Promise<"over" | "again"> {
    const { chain } = this.#services;
    for (;;) {
      const { head } = chain.heads;
      const view = await this.#read();
      if (view !== undefined) {
        const outcome = await this.#consider(view);
        if (outcome !== undefined) return outcome;
      }
      if (view?.phase !== Phase.None) await nextLook(chain.heads, head, LOOK_MS, this.#signal);
      else await this.#untilMayStart();
    }
  }

  /** Waits until a task that is open has started, ended, or may be started: one small question at a time. */
  async #untilMayStart(): Promise<void> {
    const { chain, config } = this.#services;
    const { taskId, terms } = this.#task;
    for (;;) {
      const signal = this.#mover.soon(this.#signal);
      await sleep(WAITING_LOOKS * config.idlePollMs, undefined, { signal }).catch(() => undefined);
      this.#signal.throwIfAborted();
      if (signal.aborted || this.#isOverDue()) return;
      const status = await chain.taskStatus(taskId).catch((error: unknown) => {
        this.#signal.throwIfAborted();
        if (!isEndpointFault(error)) throw error;
        return undefined;
      });
      if (status === undefined) continue;
      const mayStart = status.activeCount >= terms.minNodes && chain.heads.now() >= terms.startTime;
      if (mayStart || status.state !== TaskState.Open) return;
    }
  }

  #isOverDue(): boolean {
    return performance.now() - this.#askedOverAt >= OVER_LOOKS * this.#services.config.idlePollMs;
  }

  /** Ends what is under way, and waits for it a bounded time. */
  async close(): Promise<void> {
    const { pace } = this.#services;
    pace.set(this.#task.taskId, false);
    this.#closing.abort(
      this.#outer.aborted ? this.#outer.reason : new Error("the task is not served any more"),
    );
    const step = this.#step;
    const isIdle = (await step?.end(new Error("the node stops"), STOP_GRACE_MS)) ?? true;
    const { model } = this.#task.learning;
    if (isIdle) model.dispose();
    else void step?.done.then(() => model.dispose());
    const rest = Promise.all([this.#mover.done(), this.#awaited.done(), this.#restoring]);
    if (!(await endsWithin(rest, STOP_GRACE_MS)))
      this.#task.logger.warn("a part of the task did not stop and is left behind");
  }

  /** The round as it is now; undefined where the endpoint does not say. */
  async #read(): Promise<RoundView | undefined> {
    const { chain, board } = this.#services;
    const { taskId, logger } = this.#task;
    try {
      const view = await chain.roundOf(taskId);
      if (this.#said.isNew("") && this.#last !== undefined) logger.info("the round can be read again");
      return view;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof ContractError) throw error;
      const problem = problemOf(error);
      if (this.#said.isNew(problem)) logger.warn(errorFacts(error), "the round cannot be read yet");
      board.update(taskId, { problem });
      return undefined;
    }
  }

  async #consider(view: RoundView): Promise<"over" | "again" | undefined> {
    this.#signal.throwIfAborted();
    const { pace } = this.#services;
    const { taskId } = this.#task;
    pace.set(taskId, view.phase !== Phase.None && view.phase !== Phase.Ended);
    const isNew = stepKey(view) !== this.#step?.key;
    // Before the start a step does nothing that could be taken back.
    if (isNew || (view.phase !== Phase.None && !(await this.#stands(view)))) {
      const why = isNew ? "the phase has ended" : "the chain was reorganised below this step";
      if (!isNew) this.#task.logger.warn({ round: view.round }, `${why}: it begins again`);
      if ((await this.#step?.end(new Error(why), STEP_GRACE_MS)) === false) return "again";
      this.#isMembershipDue ||= this.#step !== undefined;
      if (await this.#hasLeft(view)) return "over";
      this.#begin(view);
    } else if (await this.#hasLeft(view)) return "over";
    await this.#rounds.see(this.#last, view);
    this.#awaited.see(view);
    this.#mover.see(view);
    this.#last = view;
    if (view.phase === Phase.Ended) return this.#finish(view);
    return view.phase === Phase.None && (await this.#isOver(view)) ? "over" : undefined;
  }

  #begin(view: RoundView): void {
    const { heads } = this.#services.chain;
    const last = this.#last;
    const footing: Footing = { block: view.block, hash: undefined, reorganisations: heads.reorganisations };
    const work = (at: RoundView, signal: AbortSignal): Promise<void> =>
      duty(this.#services, this.#task, at, last, signal);
    const step = new TaskStep(this.#services, this.#task, view, footing, work, this.#signal);
    this.#step = step;
    if (view.phase === Phase.None) return;
    void this.#stand(step, view.block);
    // What it has posted stands in later blocks: a reorganisation that takes it out is one of this step, too.
    void step.done.then(async () => this.#stand(step, this.#services.chain.confirmedBlock));
  }

  /** Notes the block on which a step stands. */
  async #stand(step: TaskStep, block: number): Promise<void> {
    const { reorganisations } = this.#services.chain.heads;
    step.footing = { block, hash: await this.#hashOf(block), reorganisations };
  }

  /** Whether the block on which the present step stands is still the chain's. */
  async #stands(view: RoundView): Promise<boolean> {
    const step = this.#step;
    const { reorganisations } = this.#services.chain.heads;
    if (step === undefined || step.footing.reorganisations === reorganisations) return true;
    const { block, hash } = step.footing;
    const now = block <= view.block ? await this.#hashOf(block) : undefined;
    // What cannot be read is taken for replaced: a step that begins again costs little, one that waits in vain a round.
    if (hash === undefined || now !== hash) return false;
    step.footing = { block, hash, reorganisations };
    return true;
  }

  async #hashOf(block: number): Promise<string | undefined> {
    const found = await this.#services.chain.provider.getBlock(block).catch(() => null);
    return found?.hash ?? undefined;
  }

  /** Whether the contract says that the node has left; asked until it is answered. */
  async #hasLeft(view: RoundView): Promise<boolean> {
    if (!this.#isMembershipDue) return false;
    try {
      const hasLeft = await noteLeft(this.#services, this.#task.taskId, view.block);
      this.#isMembershipDue = false;
      return hasLeft;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!isEndpointFault(error)) throw error;
      this.#task.logger.debug({ problem: problemOf(error) }, "membership cannot be read yet");
      return false;
    }
  }

  /** Whether a task that has not started never will; asked seldom, since it seldom changes. */
  async #isOver(view: RoundView): Promise<boolean> {
    if (!this.#isOverDue()) return false;
    this.#askedOverAt = performance.now();
    const { taskId } = this.#task;
    const isOverNow = await isOver(this.#services, taskId, view.block).catch((error: unknown) => {
      this.#signal.throwIfAborted();
      if (!isEndpointFault(error)) throw error;
      return false;
    });
    if (isOverNow) await noteLeft(this.#services, taskId, view.block).catch(() => false);
    return isOverNow;
  }

  /** Does what is left to do, and leaves the task once its end is as deep again as everything that the node acts on. */
  async #finish(view: RoundView): Promise<"over" | undefined> {
    const { chain } = this.#services;
    if (this.#step !== undefined) await untilAborted(this.#step.done, this.#signal);
    const ends = performance.now() + END_MS;
    while (chain.confirmedBlock < view.block + chain.confirmations && performance.now() < ends)
      await nextLook(chain.heads, chain.heads.head, LOOK_MS, this.#signal);
    const now = chain.confirmations === 0 ? view : await this.#read();
    if (now === undefined || stepKey(now) !== stepKey(view)) return undefined;
    await this.#rounds.see(view, { ...now, block: Math.max(now.block, view.block + chain.confirmations) });
    return "over";
  }
}
