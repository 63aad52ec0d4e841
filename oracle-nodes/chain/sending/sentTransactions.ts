import type { TransactionReceipt } from "ethers";
import { untilAborted } from "@concordat/protocol/untilAborted";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";
import type { HeadWatcher } from "../heads/headWatcher.ts";
import type { SentTransaction } from "./transactionJournal.ts";
import { whoTookNonce, type NonceQuestion, type NonceUse } from "./whoTookNonce.ts";

/** Milliseconds for one question about a transaction that is on its way. */
const QUESTION_MS = 4000;
/** Seconds by which this machine's clock and the chain's may differ. */
const CLOCK_SECONDS = 7200;

/** Asks what became of an account's transactions; what no backend says is unknown, never the opposite. */
export class SentTransactions {
  readonly #provider: ChainProvider;
  readonly #heads: HeadWatcher;
  readonly #account: string;

  constructor(provider: ChainProvider, heads: HeadWatcher, account: string) {
    this.#provider = provider;
    this.#heads = heads;
    this.#account = account;
  }

  /** The receipt of whichever version was included; undefined while no backend has it, or none answers. */
  async receiptOf(
    { versions }: SentTransaction,
    signal: AbortSignal,
  ): Promise<TransactionReceipt | undefined> {
    for (const { hash } of versions.toReversed()) {
      signal.throwIfAborted();
      const looking = this.#provider.getTransactionReceipt(hash).catch((error: unknown) => {
        if (isEndpointFault(error)) return null;
        throw error;
      });
      const receipt = await untilAborted(looking, signal);
      if (receipt !== null) return receipt;
    }
    return undefined;
  }

  /** Whether a backend has one of its versions, in a block or waiting for one. */
  async isKnown({ versions }: Pick<SentTransaction, "versions">, signal: AbortSignal): Promise<boolean> {
    for (const { hash } of versions)
      if (await this.#question("eth_getTransactionByHash", [hash], signal)) return true;
    return false;
  }

  /** How many of the account's transactions are in blocks. @throws {EndpointError} */
  async count(): Promise<number> {
    return Number(await this.#provider.ask("eth_getTransactionCount", [this.#account, "latest"]));
  }

  /** How many it has in blocks and waiting; undefined where nobody says. */
  async countWaiting(signal: AbortSignal): Promise<number | undefined> {
    const count = await this.#question("eth_getTransactionCount", [this.#account, "pending"], signal);
    return count === undefined ? undefined : Number(count);
  }

  /**
   * How many of the account's transactions are in blocks, as far as that can be known, and the hash of one that is not this one
   * and that a block proves to have its nonce.
   */
  async lookAtNonce(
    sent: SentTransaction,
    signal: AbortSignal,
  ): Promise<{ readonly count: number | undefined; readonly other: string | undefined }> {
    const found = await this.#question("eth_getTransactionCount", [this.#account, "latest"], signal);
    const count = found === undefined ? undefined : Number(found);
    if (count === undefined || count <= sent.nonce) return { count, other: undefined };
    const since = Math.floor(sent.sentAt / 1000) - CLOCK_SECONDS;
    const use = await this.useOf(sent.nonce, signal, { since });
    return { count, other: use.kind === "taken" && !isVersion(sent, use.hash) ? use.hash : undefined };
  }

  /** See {@link whoTookNonce}. */
  async useOf(
    nonce: number,
    signal: AbortSignal,
    known: Pick<NonceQuestion, "isRefused" | "since"> = {},
  ): Promise<NonceUse> {
    const head = this.#heads.head.number;
    return whoTookNonce(this.#provider, { account: this.#account, nonce, head, ...known }, signal);
  }

  /** Asks what may stay unanswered: undefined then. */
  async #question(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#provider.ask(method, params, { signal, patienceMs: QUESTION_MS });
    } catch (error) {
      if (!isEndpointFault(error)) throw error;
      return undefined;
    }
  }
}

/** Whether a hash is of one of a transaction's versions. */
export function isVersion({ versions }: SentTransaction, hash: string): boolean {
  return versions.some((version) => version.hash === hash);
}
