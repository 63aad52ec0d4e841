import type { ObservedCall } from "./blockFollower.ts";

/** What an action cost all accounts together. */
export interface GasOfAction {
  readonly action: string;
  readonly count: number;
  readonly mean: bigint;
  readonly total: bigint;
  /** Calls that were refused on chain: they cost gas too. */
  readonly reverted: number;
}

/** Adds up gas by action. */
export class GasLedger {
  readonly #actions = new Map<string, { count: number; total: bigint; reverted: number }>();
  #total = 0n;

  add({ action, gasUsed, succeeded }: ObservedCall): void {
    const entry = this.#actions.get(action) ?? { count: 0, total: 0n, reverted: 0 };
    entry.count++;
    entry.total += gasUsed;
    if (!succeeded) entry.reverted++;
    this.#actions.set(action, entry);
    this.#total += gasUsed;
  }

  get total(): bigint {
    return this.#total;
  }

  /** Costliest first. */
  byAction(): GasOfAction[] {
    return [...this.#actions]
      .map(([action, { count, total, reverted }]) => ({
        action,
        count,
        mean: total / BigInt(count),
        total,
        reverted,
      }))
      .sort((a, b) => (a.total < b.total ? 1 : -1));
  }
}
