import type { Hex } from "viem";
import { ifStored } from "../app/ifStored.ts";
import type { TransactionContent } from "./followTransaction.ts";

/** What must be known of a sent transaction to follow it from another page, or after a reload. */
export interface PendingTransaction {
  readonly key: string;
  readonly label: string;
  /** Who asked for it; not known of what an earlier version of the page has kept. */
  readonly account?: Hex;
  /** The contract that emits an event when the call succeeds; undefined where none is sure to. */
  readonly emitter?: Hex | undefined;
  readonly hash: Hex;
  /** It was proposed to a Safe: `hash` is the Safe’s own, and the chain’s is known once it is executed. */
  readonly isProposal?: boolean;
  /** Once the endpoint has shown it. */
  readonly content?: TransactionContent;
}

/**
 * Pending transactions of one chain in the browser's storage, one entry each, so that pages do not overwrite each other's.
 * Where the browser keeps nothing, or has no room, each page knows only its own.
 */
export class PendingStorage {
  readonly #prefix: string;

  constructor(chainId: number) {
    this.#prefix = `concordat.pending.${chainId}.`;
  }

  all(): readonly PendingTransaction[] {
    return ifStored(() => Object.entries(localStorage), []).flatMap(([key, text]) =>
      key.startsWith(this.#prefix) ? parse(String(text)) : [],
    );
  }

  put(pending: PendingTransaction): void {
    ifStored(
      () => localStorage.setItem(`${this.#prefix}${pending.hash}`, JSON.stringify(pending)),
      undefined,
    );
  }

  remove(hash: Hex): void {
    ifStored(() => localStorage.removeItem(`${this.#prefix}${hash}`), undefined);
  }

  /** Tells of what other pages send. Gives what stops it. */
  watch(onPut: (pending: PendingTransaction) => void): () => void {
    const listener = ({ key, newValue }: StorageEvent): void => {
      if (key?.startsWith(this.#prefix) === true && newValue !== null) parse(newValue).forEach(onPut);
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }
}

/** One entry, or none where the text is not ours. */
function parse(text: string): readonly PendingTransaction[] {
  try {
    const value = JSON.parse(text) as PendingTransaction;
    return typeof value.hash === "string" && typeof value.label === "string" ? [value] : [];
  } catch {
    return [];
  }
}
