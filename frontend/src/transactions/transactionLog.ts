import type { Hex, PublicClient, TransactionReceipt } from "viem";
import { ConcordatError } from "../../../protocol/errors.ts";

/** Where a transaction stands. */
export type TransactionState =
  "checking" | "signing" | "pending" | "confirmed" | "failed" | "replaced" | "cancelled";

export interface LoggedTransaction {
  readonly id: number;
  /** What it is about: one transaction of a key at a time. */
  readonly key: string;
  readonly label: string;
  readonly state: TransactionState;
  readonly hash: Hex | undefined;
  readonly error: unknown;
}

/** The steps of sending: a simulation that throws what the contract would refuse, then the wallet's turn. */
export interface Sending {
  readonly key: string;
  readonly label: string;
  readonly simulate: () => Promise<void>;
  readonly sign: () => Promise<Hex>;
}

interface Remembered {
  readonly key: string;
  readonly label: string;
  readonly hash: Hex;
}

const ACTIVE: readonly TransactionState[] = ["checking", "signing", "pending"];

/** The transactions of this visit. A pending one is remembered over a reload, so that nothing is sent twice. */
export class TransactionLog {
  readonly #client: PublicClient;
  readonly #storageKey: string;
  readonly #onConfirmed: () => void;
  #list: readonly LoggedTransaction[] = [];
  #nextId = 1;
  readonly #listeners = new Set<() => void>();

  constructor(client: PublicClient, chainId: number, onConfirmed: () => void) {
    this.#client = client;
    this.#storageKey = `concordat.pending.${chainId}`;
    this.#onConfirmed = onConfirmed;
    for (const { key, label, hash } of this.#remembered()) {
      const id = this.#add(key, label);
      this.#change(id, { state: "pending", hash });
      void this.#follow(id, hash);
    }
  }

  get list(): readonly LoggedTransaction[] {
    return this.#list;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  isActive(key: string): boolean {
    return this.#list.some((each) => each.key === key && ACTIVE.includes(each.state));
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((each) => each.id !== id);
    this.#notify();
  }

  /**
   * Simulates, lets the wallet sign and send, and waits for the receipt. Undefined where it did not come to that, or
   * where one with this key is already under way; why stands in the log.
   */
  async send({ key, label, simulate, sign }: Sending): Promise<TransactionReceipt | undefined> {
    if (this.isActive(key)) return undefined;
    this.#list = this.#list.filter((each) => each.key !== key);
    const id = this.#add(key, label);
    let hash: Hex;
    try {
      await simulate();
      this.#change(id, { state: "signing" });
      hash = await sign();
    } catch (error) {
      this.#change(id, { state: "failed", error });
      return undefined;
    }
    this.#change(id, { state: "pending", hash });
    this.#remember();
    return this.#follow(id, hash);
  }

  /** Lets the wallet sign a message, in the log while it waits. Undefined where the reader declined; why stands in the log. */
  async sign<T>({
    key,
    label,
    sign,
  }: {
    readonly key: string;
    readonly label: string;
    readonly sign: () => Promise<T>;
  }): Promise<T | undefined> {
    if (this.isActive(key)) return undefined;
    this.#list = this.#list.filter((each) => each.key !== key);
    const id = this.#add(key, label);
    this.#change(id, { state: "signing" });
    try {
      const signed = await sign();
      this.dismiss(id);
      return signed;
    } catch (error) {
      this.#change(id, { state: "failed", error });
      return undefined;
    }
  }

  async #follow(id: number, hash: Hex): Promise<TransactionReceipt | undefined> {
    let ending: TransactionState = "confirmed";
    try {
      const receipt = await this.#client.waitForTransactionReceipt({
        hash,
        timeout: 600_000,
        onReplaced: ({ reason, transaction }) => {
          if (reason !== "repriced") ending = reason;
          this.#change(id, { hash: transaction.hash });
        },
      });
      if (receipt.status === "reverted") {
        throw new ConcordatError("The transaction was mined, but the contract refused it", {
          hint: "The chain had moved on since the check. Look at the page again, then try once more",
        });
      }
      this.#change(id, { state: ending });
      this.#onConfirmed();
      return ending === "confirmed" ? receipt : undefined;
    } catch (error) {
      this.#change(id, { state: "failed", error });
      return undefined;
    } finally {
      this.#remember();
    }
  }

  #add(key: string, label: string): number {
    const id = this.#nextId++;
    this.#list = [...this.#list, { id, key, label, state: "checking", hash: undefined, error: undefined }];
    this.#notify();
    return id;
  }

  #change(id: number, change: Partial<LoggedTransaction>): void {
    this.#list = this.#list.map((each) => (each.id === id ? { ...each, ...change } : each));
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #remember(): void {
    const pending = this.#list.flatMap(({ key, label, hash, state }) =>
      state === "pending" && hash !== undefined ? [{ key, label, hash }] : [],
    );
    sessionStorage.setItem(this.#storageKey, JSON.stringify(pending satisfies readonly Remembered[]));
  }

  #remembered(): readonly Remembered[] {
    try {
      return JSON.parse(sessionStorage.getItem(this.#storageKey) ?? "[]") as readonly Remembered[];
    } catch {
      return [];
    }
  }
}
