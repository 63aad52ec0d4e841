import { setTimeout as sleep } from "node:timers/promises";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { TaskId } from "@concordat/protocol/ids";
import { untilAborted } from "@concordat/protocol/untilAborted";
import { ContractError } from "@concordat/chain/contracts/contractError";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { errorFacts, problemOf, SaidOnce } from "../status/problemOf.ts";
import { RegistryNews } from "../serving/registryNews.ts";
import type { Services } from "../services.ts";
import { runTask } from "./taskRunner.ts";
import { TaskScan } from "./taskScan.ts";
import { nextLook } from "../rounds/waiting.ts";

/** Milliseconds between two looks for news while a task is under way. */
const LOOK_MS = 500;
/** The same while none is, and between two scans of the tasks, counted in idle looks at the chain (6 s by default). */
const IDLE_LOOKS = 4;
const SCAN_LOOKS = 50;
/** Milliseconds before a task whose serving failed is taken up again, doubled up to the second value. */
const RETRY_MS = [1000, 60_000] as const;
/** Milliseconds before the first scan is tried again, doubled up to the second value. */
const SCAN_RETRY_MS = [1000, 30_000] as const;

/**
 * Serves every task that the node has joined or joins, as far as the configuration allows, each on its own: the failure of
 * one never touches another. Ends by the signal, or when all tasks of a configured list are over.
 */
export async function serveTasks(services: Services, outer: AbortSignal): Promise<void> {
  const done = new AbortController();
  const signal = AbortSignal.any([outer, done.signal]);
  const service = new TaskService(services, signal, () => done.abort(new Error("all tasks are over")));
  try {
    await untilAborted(Promise.all([service.followNews(), service.scan()]), signal);
  } catch (error) {
    if (!done.signal.aborted || outer.aborted) throw error;
  } finally {
    done.abort(new Error("the node stops"));
    await service.ended();
  }
}

/** The tasks that are being served, and the two ways by which others are found. */
class TaskService {
  readonly #services: Services;
  readonly #signal: AbortSignal;
  readonly #onAllOver: () => void;
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #running = new Map<TaskId, Promise<void>>();
  readonly #over = new Set<number>();
  readonly #scan: TaskScan;

  constructor(services: Services, signal: AbortSignal, onAllOver: () => void) {
    const { chain, nodeId, config } = services;
    this.#services = services;
    this.#signal = signal;
    this.#onAllOver = onAllOver;
    this.#wanted = config.tasks === "joined" ? undefined : new Set(config.tasks);
    this.#scan = new TaskScan(chain, nodeId, this.#wanted);
  }

  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Looks in the registries' logs, at most once a block and seldom while nothing is under way. */
  async followNews(): Promise<never> {
    const { chain, nodeId, config, logger, pace, peers } = this.#services;
    const news = new RegistryNews(chain, nodeId);
    const said = new SaidOnce();
    for (;;) {
      const { head } = chain.heads;
      try {
        const { joined, moved } = await news.read();
        joined.forEach((taskId) => this.#consider(taskId));
        moved.forEach((peer) => peers.forget(peer));
        said.reset();
      } catch (error) {
        this.#signal.throwIfAborted();
        const level = said.isNew(problemOf(error)) ? "warn" : "debug";
        logger[level](errorFacts(error), "cannot look for changes in tasks and peers yet");
      }
      await sleep(pace.isBusy ? LOOK_MS : IDLE_LOOKS * config.idlePollMs, undefined, {
        signal: this.#signal,
      });
      await chain.heads.after(head, this.#signal);
    }
  }

  /** Asks the contract, slowly, which tasks are the node's: what the logs leave out is found all the same. */
  async scan(): Promise<never> {
    const { chain, config, logger } = this.#services;
    const said = new SaidOnce();
    let reorganisations = chain.heads.reorganisations;
    for (let retry: number = SCAN_RETRY_MS[0]; ;) {
      let pause = SCAN_LOOKS * config.idlePollMs;
      try {
        for (const taskId of await this.#scan.look()) this.#consider(taskId);
        this.#scan.over.forEach((taskId) => this.#noteOver(taskId));
        retry = SCAN_RETRY_MS[0];
        said.reset();
      } catch (error) {
        this.#signal.throwIfAborted();
        const level = said.isNew(problemOf(error)) ? "warn" : "debug";
        logger[level](errorFacts(error), "the tasks cannot be read yet");
        pause = retry;
        retry = Math.min(SCAN_RETRY_MS[1], retry * 2);
      }
      const ends = performance.now() + pause;
      while (performance.now() < ends && chain.heads.reorganisations === reorganisations)
        await nextLook(chain.heads, chain.heads.head, Math.max(1, ends - performance.now()), this.#signal);
      if (chain.heads.reorganisations === reorganisations) continue;
      // What was over may not be any more, and a task may have come back that had gone.
      reorganisations = chain.heads.reorganisations;
      this.#over.clear();
      this.#scan.reset();
    }
  }

  #consider(taskId: TaskId): void {
    if (this.#running.has(taskId) || this.#wanted?.has(taskId) === false) return;
    this.#over.delete(taskId);
    const served = this.#serve(taskId).finally(() => this.#running.delete(taskId));
    this.#running.set(taskId, served);
  }

  #noteOver(taskId: TaskId): void {
    if (this.#running.has(taskId)) return;
    this.#over.add(taskId);
    const { config } = this.#services;
    if (config.tasks !== "joined" && config.tasks.every((id) => this.#over.has(id))) this.#onAllOver();
  }

  /** Serves one task until it is over. Only the contract's own answer ends it early; everything else is tried again. */
  async #serve(taskId: TaskId): Promise<void> {
    const { board, logger, config } = this.#services;
    const said = new SaidOnce();
    for (let retry: number = RETRY_MS[0]; ; retry = Math.min(RETRY_MS[1], retry * 2)) {
      try {
        await runTask(this.#services, taskId, this.#signal);
        this.#running.delete(taskId);
        if (!this.#signal.aborted) this.#noteOver(taskId);
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        const problem = problemOf(error);
        const isNew = said.isNew(problem);
        const facts = { task: taskId, ...errorFacts(error) };
        if (error instanceof ContractError) {
          logger.warn(facts, "the task is not served: the contract says so");
          board.update(taskId, { doing: "not served", problem });
          return;
        }
        // What the operator has to mend is looked at again seldom; what an endpoint or a peer has to, soon.
        const isOperators = error instanceof InputError;
        const pause = isOperators ? SCAN_LOOKS * config.idlePollMs : retry;
        if (isNew && isOperators) logger.error(facts, "the task is not served");
        else if (isNew)
          logger[error instanceof ConcordatError ? "warn" : "error"](facts, "the task is taken up again");
        const doing = isEndpointFault(error) ? "waiting for the chain's endpoint" : "not served";
        board.update(taskId, { doing, problem });
        await sleep(pause, undefined, { signal: this.#signal }).catch(() => undefined);
        if (this.#signal.aborted) return;
      }
    }
  }
}
