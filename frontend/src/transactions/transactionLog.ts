import { isAddressEqual } from "viem";
import type { Hex, PublicClient, TransactionReceipt } from "viem";
import { ConcordatError } from "@concordat/protocol/errors";
import { isContractAccount } from "../wallet/contractAccount.ts";
import { AskedStorage } from "./askedStorage.ts";
import type { AskedTransaction } from "./askedStorage.ts";
import { explainMinedRevert } from "./explainRevert.ts";
import { findAsked } from "./findAsked.ts";
import { followProposal } from "./followProposal.ts";
import type { ProposalFollowing } from "./followProposal.ts";
import { followTransaction } from "./followTransaction.ts";
import { mayBeSent } from "./mayBeSent.ts";
import { PendingStorage } from "./pendingStorage.ts";
import type { PendingTransaction } from "./pendingStorage.ts";

/** Where a transaction stands. */
export type TransactionState =
  | "checking"
  | "signing"
  /** A Safe has it, and waits for its other owners. */
  | "proposed"
  | "pending"
  | "confirmed"
  /** Confirmed at another fee, which the reader chose in the wallet. */
  | "repriced"
  | "failed"
  | "replaced"
  | "cancelled"
  /** The Safe to which it was proposed has executed something else in its place. */
  | "rejected"
  | "lost"
  /** Not on the chain for long, but a contract account's other owners may still confirm it. */
  | "unconfirmed"
  /** The wallet was asked and has not answered this page: it may be on its way. */
  | "asked";

export interface LoggedTransaction {
  readonly id: number;
  /** What it is about: one transaction of a key at a time. */
  readonly key: string;
  readonly label: string;
  readonly state: TransactionState;
  readonly hash: Hex | undefined;
  /** The Safe's hash of what was proposed to one. */
  readonly proposal: Hex | undefined;
  readonly error: unknown;
}

/** What a wallet answers: the hash of what it has sent, or the Safe's own of what waits for other owners. */
export type Signed = Pick<PendingTransaction, "hash" | "isProposal">;

/** The steps of sending: a simulation that throws what the contract would refuse, then the wallet's turn. */
export interface Sending {
  readonly key: string;
  readonly label: string;
  readonly account: Hex;
  /** The contract that emits an event when the call succeeds; undefined where none is sure to. */
  readonly emitter: Hex | undefined;
  readonly simulate: () => Promise<void>;
  readonly sign: () => Promise<Signed>;
  /** What the wallet will be asked to send. */
  readonly to: Hex;
  readonly input: Hex;
}

/** A step before a transaction: a question to the chain, or a message to be signed. */
export interface Step<T> {
  readonly key: string;
  readonly label: string;
  readonly state: "checking" | "signing";
  readonly run: () => Promise<T>;
}

/** What keeps another one of its key from being sent. */
const ACTIVE: readonly TransactionState[] = [
  "checking",
  "signing",
  "proposed",
  "pending",
  "unconfirmed",
  "asked",
];

/** Milliseconds after which nobody signs any more what a wallet was asked for. */
const FORGOTTEN_AFTER_MS = 86_400_000;

/**
 * The transactions of this visit. Pending ones are remembered over a reload, and shared with the browser's other pages of
 * this federation, so that nothing is sent twice.
 */
export class TransactionLog {
  readonly #client: PublicClient;
  readonly #storage: PendingStorage;
  readonly #asked: AskedStorage;
  /** Ends the search for what a wallet was asked, or for what becomes of a proposal, by entry of the log. */
  readonly #searches = new Map<number, AbortController>();
  readonly #onEnded: () => void;
  readonly #askSafe: ProposalFollowing["ask"];
  #list: readonly LoggedTransaction[] = [];
  #nextId = 1;
  readonly #listeners = new Set<() => void>();

  /** `askSafe` tells what becomes of transactions that were proposed to a Safe. */
  constructor(client: PublicClient, chainId: number, onEnded: () => void, askSafe: ProposalFollowing["ask"]) {
    this.#client = client;
    this.#storage = new PendingStorage(chainId);
    this.#asked = new AskedStorage(chainId);
    this.#onEnded = onEnded;
    this.#askSafe = askSafe;
  }

  get list(): readonly LoggedTransaction[] {
    return this.#list;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes up what was pending at the last visit, or is sent by another page. Gives what ends the latter. */
  resume(): () => void {
    const takeUp = (pending: PendingTransaction): void => {
      if (this.#list.some(({ hash, proposal }) => (proposal ?? hash) === pending.hash)) return;
      void this.#takeOver(this.#add(pending.key, pending.label), pending);
    };
    this.#storage.all().forEach(takeUp);
    const stops = [this.#storage.watch(takeUp), this.#asked.answer()];
    let isOver = false;
    const takeUpAbandoned = async (): Promise<void> => {
      const list = await this.#asked.abandoned();
      if (!isOver) for (const asked of list) this.#takeUpAsked(asked);
    };
    void takeUpAbandoned();
    return () => {
      isOver = true;
      for (const stop of stops) stop();
      for (const search of this.#searches.values()) search.abort();
    };
  }

  /** What an earlier visit asked a wallet for, or what its wallet answered in a way that leaves open whether it was sent. */
  #takeUpAsked(asked: AskedTransaction, error?: unknown): void {
    if (Date.now() - asked.askedAt > FORGOTTEN_AFTER_MS) {
      this.#asked.remove(asked.id);
      return;
    }
    if (this.isActive(asked.key)) return;
    const id = this.#add(asked.key, asked.label);
    this.#change(id, { state: "asked", error });
    void this.#search(id, asked);
  }

  async #search(id: number, asked: AskedTransaction): Promise<TransactionReceipt | undefined> {
    const { signal } = this.#searchOf(id);
    const hash = await findAsked({ client: this.#client, asked, signal });
    this.#searches.delete(id);
    if (hash === undefined) return undefined;
    const { key, label, account, emitter } = asked;
    const pending = { key, label, account, emitter, hash };
    this.#storage.put(pending);
    this.#asked.remove(asked.id);
    return this.#takeOver(id, pending);
  }

  isActive(key: string): boolean {
    return this.#list.some((each) => each.key === key && ACTIVE.includes(each.state));
  }

  dismiss(id: number): void {
    const dismissed = this.#list.find((each) => each.id === id);
    const hash = dismissed?.proposal ?? dismissed?.hash;
    if (hash !== undefined) this.#storage.remove(hash);
    const key = this.#list.find((each) => each.id === id && each.state === "asked")?.key;
    if (key !== undefined) this.#asked.removeKey(key);
    this.#searches.get(id)?.abort();
    this.#list = this.#list.filter((each) => each.id !== id);
    this.#notify();
  }

  /**
   * Simulates, lets the wallet sign and send, and waits for the receipt. Undefined where it did not come to that, or
   * where one with this key is already under way; why stands in the log.
   */
  async send({
    key,
    label,
    account,
    emitter,
    simulate,
    sign,
    to,
    input,
  }: Sending): Promise<TransactionReceipt | undefined> {
    if (this.isActive(key)) return undefined;
    this.#list = this.#list.filter((each) => each.key !== key);
    const id = this.#add(key, label);
    let signed: Signed;
    let asked: AskedTransaction | undefined;
    try {
      await simulate();
      const [nonce, head] = await Promise.all([
        this.#client.getTransactionCount({ address: account }),
        this.#client.getBlockNumber({ cacheTime: 0 }),
      ]);
      asked = {
        id: `${Date.now()}-${Math.random().toString(36).slice(2)}`,
        key,
        label,
        account,
        emitter,
        to,
        input,
        nonce,
        seenAt: Number(head),
        askedAt: Date.now(),
      };
      // From here on this page may go while the wallet asks: what it was asked for is kept first.
      this.#asked.hold(asked);
      this.#change(id, { state: "signing" });
      signed = await sign();
    } catch (error) {
      if (asked !== undefined && mayBeSent(error)) {
        this.#change(id, { state: "asked", error });
        return this.#search(id, asked);
      }
      if (asked !== undefined) this.#asked.remove(asked.id);
      this.#change(id, { state: "failed", error });
      return undefined;
    }
    const pending = { key, label, account, emitter, ...signed };
    this.#storage.put(pending);
    this.#asked.remove(asked.id);
    return this.#takeOver(id, pending);
  }

  /** Takes a step that comes before sending, in the log while it lasts. Undefined where it failed; why stands in the log. */
  async prepare<T>({ key, label, state, run }: Step<T>): Promise<T | undefined> {
    if (this.isActive(key)) return undefined;
    this.#list = this.#list.filter((each) => each.key !== key);
    const id = this.#add(key, label);
    this.#change(id, { state });
    try {
      const result = await run();
      this.dismiss(id);
      return result;
    } catch (error) {
      this.#change(id, { state: "failed", error });
      return undefined;
    }
  }

  #takeOver(id: number, pending: PendingTransaction): Promise<TransactionReceipt | undefined> {
    if (pending.isProposal === true) return this.#followProposed(id, pending);
    this.#change(id, { state: "pending", hash: pending.hash, error: undefined });
    return this.#follow(id, pending, pending.hash);
  }

  /** Waits until a Safe has executed what was proposed to it, then follows the transaction that did. */
  async #followProposed(id: number, pending: PendingTransaction): Promise<TransactionReceipt | undefined> {
    this.#change(id, { state: "proposed", proposal: pending.hash });
    const { signal } = this.#searchOf(id);
    const ending = await followProposal({ ask: this.#askSafe, proposal: pending.hash, signal });
    this.#searches.delete(id);
    // It stays in the storage, unless the reader dismissed it.
    if (ending === undefined) return undefined;
    if (ending.kind === "rejected") {
      this.#storage.remove(pending.hash);
      this.#change(id, { state: "rejected" });
      return undefined;
    }
    this.#change(id, { state: "pending", hash: ending.hash });
    return this.#follow(id, pending, ending.hash);
  }

  #searchOf(id: number): AbortController {
    const search = new AbortController();
    this.#searches.set(id, search);
    search.signal.addEventListener("abort", () => this.#searches.delete(id));
    return search;
  }

  async #follow(id: number, pending: PendingTransaction, hash: Hex): Promise<TransactionReceipt | undefined> {
    let mayStillRun = false;
    try {
      const ending = await followTransaction({
        client: this.#client,
        hash,
        known: pending.content,
        onSeen: (content) => this.#storage.put({ ...pending, content }),
      });
      if (ending.kind === "lost" && (await this.#isShared(pending))) {
        mayStillRun = true;
        this.#change(id, { state: "unconfirmed" });
        return undefined;
      }
      if (ending.kind !== "mined" && ending.kind !== "repriced") {
        this.#change(id, { state: ending.kind, ...("hash" in ending && { hash: ending.hash }) });
        return undefined;
      }
      const { receipt } = ending;
      await this.#requireSuccess(receipt, pending.emitter);
      const state = ending.kind === "mined" ? "confirmed" : "repriced";
      this.#change(id, { state, hash: receipt.transactionHash });
      return receipt;
    } catch (error) {
      this.#change(id, { state: "failed", error });
      return undefined;
    } finally {
      // Otherwise the next visit looks for it again, until the reader dismisses it.
      if (!mayStillRun) this.#storage.remove(pending.hash);
      this.#onEnded();
    }
  }

  /** Whether its account is a contract, of which others may be owners too. */
  async #isShared({ account }: PendingTransaction): Promise<boolean> {
    return account !== undefined && (await isContractAccount(this.#client, account).catch(() => false));
  }

  /** Throws where the call that was asked for did nothing. */
  async #requireSuccess(receipt: TransactionReceipt, emitter: Hex | undefined): Promise<void> {
    if (receipt.status === "reverted") throw await explainMinedRevert(this.#client, receipt);
    // What carries a contract account's call may succeed although the call in it failed.
    if (emitter === undefined || receipt.logs.some(({ address }) => isAddressEqual(address, emitter))) return;
    throw new ConcordatError(
      "The transaction is mined, but your contract account’s call in it failed, so nothing changed",
      { hint: "Look for the reason in your wallet, then try again" },
    );
  }

  #add(key: string, label: string): number {
    const id = this.#nextId++;
    this.#list = [
      ...this.#list,
      { id, key, label, state: "checking", hash: undefined, proposal: undefined, error: undefined },
    ];
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
}
