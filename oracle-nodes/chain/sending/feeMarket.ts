import type { ChainProvider } from "../endpoints/chainProvider.ts";
import type { HeadWatcher } from "../heads/headWatcher.ts";

/** What a transaction pays, in wei a gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** The least raise that nodes of a chain accept for a replacement is a tenth; an eighth is on the safe side. */
const RAISE_PERCENT = 113n;
/** What a raised fee may be at most, as a multiple of what is paid at present: who leaves a transaction out is not to be paid without end. */
const MOST_TIMES = 10n;
const DEFAULT_TIP = 1_000_000_000n;
const TIP_AGE_MS = 30_000;
/** Milliseconds for which an endpoint is asked for a tip before the default must do. */
const PATIENCE_MS = 4000;

/** What to pay at present. */
export class FeeMarket {
  readonly #provider: ChainProvider;
  readonly #heads: HeadWatcher;
  #tip: { readonly value: bigint; readonly at: number } | undefined;

  constructor(provider: ChainProvider, heads: HeadWatcher) {
    this.#provider = provider;
    this.#heads = heads;
  }

  /** Twice the base fee, so that six full blocks in a row do not price it out, plus the tip that the endpoint suggests. */
  async suggest(): Promise<Fees> {
    if (this.#tip === undefined || performance.now() - this.#tip.at > TIP_AGE_MS) {
      const value = await this.#provider
        .ask("eth_maxPriorityFeePerGas", [], { patienceMs: PATIENCE_MS })
        .then((tip) => BigInt(String(tip)))
        .catch(() => DEFAULT_TIP);
      this.#tip = { value, at: performance.now() };
    }
    const maxPriorityFeePerGas = this.#tip.value;
    return { maxPriorityFeePerGas, maxFeePerGas: 2n * this.#heads.head.baseFeePerGas + maxPriorityFeePerGas };
  }

  /**
   * What a transaction that paid `fees` must pay to take its own place, and at least what is paid at present; undefined where
   * that would be many times as much.
   */
  async raise(fees: Fees): Promise<Fees | undefined> {
    const present = await this.suggest();
    const next = {
      maxFeePerGas: raised(fees.maxFeePerGas, present.maxFeePerGas),
      maxPriorityFeePerGas: raised(fees.maxPriorityFeePerGas, present.maxPriorityFeePerGas),
    };
    const isTooMuch =
      next.maxFeePerGas > present.maxFeePerGas * MOST_TIMES ||
      next.maxPriorityFeePerGas > (present.maxPriorityFeePerGas + 1n) * MOST_TIMES;
    return isTooMuch ? undefined : next;
  }
}

function raised(old: bigint, present: bigint): bigint {
  const least = (old * RAISE_PERCENT) / 100n + 1n;
  return least > present ? least : present;
}
