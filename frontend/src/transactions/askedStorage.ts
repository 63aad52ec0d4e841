import type { Hex } from "viem";
import { ifStored } from "../app/ifStored.ts";

/** What a wallet was asked to send, and has not answered yet: whether it was sent can still be found out from this. */
export interface AskedTransaction {
  readonly id: string;
  readonly key: string;
  readonly label: string;
  readonly account: Hex;
  /** The contract that emits an event when the call succeeds; undefined where none is sure to. */
  readonly emitter?: Hex | undefined;
  readonly to: Hex;
  readonly input: Hex;
  /** The account's next nonce when the wallet was asked: what it sends has this one, or a later one. */
  readonly nonce: number;
  /** A block at whose end that nonce was free. */
  readonly seenAt: number;
  /** Unix milliseconds. */
  readonly askedAt: number;
}

/** How long a page may take to say that it still waits for its wallet, in milliseconds. */
const ANSWER_MS = 700;

/**
 * What wallets were asked for on one chain, in the browser's storage: a page that is loaded again while its wallet asks would
 * else know nothing of what its owner then signs. Pages tell each other which of it they still wait for themselves.
 */
export class AskedStorage {
  readonly #prefix: string;
  readonly #held = new Set<string>();
  #channel: BroadcastChannel | undefined;

  constructor(chainId: number) {
    this.#prefix = `concordat.asked.${chainId}.`;
  }

  /** Keeps what this page's wallet is asked for now. */
  hold(asked: AskedTransaction): void {
    this.#held.add(asked.id);
    ifStored(() => localStorage.setItem(`${this.#prefix}${asked.id}`, JSON.stringify(asked)), undefined);
  }

  /** Its wallet has answered, or it was found, or its reader dismissed it. */
  remove(id: string): void {
    this.#held.delete(id);
    ifStored(() => localStorage.removeItem(`${this.#prefix}${id}`), undefined);
  }

  /** All that was asked for under a key of the log. */
  removeKey(key: string): void {
    for (const asked of this.#all()) if (asked.key === key) this.remove(asked.id);
  }

  #all(): readonly AskedTransaction[] {
    return ifStored(() => Object.entries(localStorage), []).flatMap(([key, text]) =>
      key.startsWith(this.#prefix) ? parse(String(text)) : [],
    );
  }

  /** What is kept and no page of this browser waits for any more. */
  async abandoned(): Promise<readonly AskedTransaction[]> {
    const others = this.#all().filter(({ id }) => !this.#held.has(id));
    if (others.length === 0) return [];
    const held = await this.#heldElsewhere();
    return others.filter(({ id }) => !held.has(id));
  }

  /** Answers other pages that ask what is still waited for, until it is stopped. */
  answer(): () => void {
    this.#channel = new BroadcastChannel(this.#prefix);
    this.#channel.addEventListener("message", ({ data }) => {
      if (data === "who waits?") this.#channel?.postMessage([...this.#held]);
    });
    return () => {
      this.#channel?.close();
      this.#channel = undefined;
    };
  }

  async #heldElsewhere(): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    const channel = new BroadcastChannel(this.#prefix);
    channel.addEventListener("message", ({ data }) => {
      if (Array.isArray(data)) for (const id of data) held.add(String(id));
    });
    channel.postMessage("who waits?");
    await new Promise((resolve) => {
      setTimeout(resolve, ANSWER_MS);
    });
    channel.close();
    return held;
  }
}

/** One entry, or none where the text is not ours. */
function parse(text: string): readonly AskedTransaction[] {
  try {
    const value = JSON.parse(text) as AskedTransaction;
    const isOurs =
      typeof value.id === "string" && typeof value.input === "string" && Number.isSafeInteger(value.nonce);
    return isOurs ? [value] : [];
  } catch {
    return [];
  }
}
