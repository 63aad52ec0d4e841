import type { NodeStatus } from "@concordat/node/status/nodeStatus";
import { openLiveView } from "./liveView.ts";
import type { LiveView } from "./liveView.ts";
import type { Observer } from "./observer.ts";

/** What the audience of a demonstration sees while it runs. */
export class DemoDisplay {
  readonly signal: AbortSignal;
  /** What each node says of itself. */
  readonly statuses = new Map<number, NodeStatus>();
  baseline = { done: 0, total: 0 };
  readonly #started = performance.now();
  readonly #view: LiveView;
  #step = "";
  #observer: Observer | undefined;
  #isOpen = true;

  constructor(setting: string, totalRounds: number, signal: AbortSignal) {
    this.signal = signal;
    this.#view = openLiveView(() => ({
      title: `Concordat  ${setting}`,
      totalRounds,
      step: this.#step,
      statuses: this.statuses,
      baseline: this.baseline,
      history: this.#observer?.history,
      committee: this.#observer?.committee ?? [],
      blockNumber: this.#observer?.blockNumber ?? 0,
      gas: this.#observer?.gas.total ?? 0n,
      now: this.#observer?.now() ?? 0,
    }));
  }

  /** The next step begins. @throws the signal's reason after an interruption. */
  step(text: string): void {
    this.signal.throwIfAborted();
    this.#step = text;
    this.#view.event(text);
  }

  /** Something happened on chain. */
  event(line: string): void {
    this.#view.event(line);
  }

  /** From here on the chain is shown. */
  show(observer: Observer): void {
    this.#observer = observer;
  }

  /** Whole seconds since the beginning. */
  seconds(): number {
    return Math.round((performance.now() - this.#started) / 1000);
  }

  /** Ends the picture; what comes after stands below it. */
  close(): void {
    if (this.#isOpen) this.#view.close();
    this.#isOpen = false;
  }
}
