import type { QrCode } from "../walletConnect/qrCode.ts";

/** What a wallet on another device is given: an address, and the same as a code for its camera. */
export interface Invitation {
  readonly uri: string;
  readonly code: QrCode;
}

/** Thrown where the reader gives a pairing up. */
export class PairingGivenUp extends Error {}

/** The pairing with a wallet on another device, while one is under way. */
export class Pairing {
  #invitation: Invitation | undefined;
  #givenUp = new AbortController();
  readonly #listeners = new Set<() => void>();

  /** Undefined until the relay has taken the proposal, and when the pairing is over. */
  get invitation(): Invitation | undefined {
    return this.#invitation;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins anew. The signal is aborted when the reader gives up. */
  begin(): AbortSignal {
    this.#givenUp = new AbortController();
    return this.#givenUp.signal;
  }

  show(invitation: Invitation | undefined): void {
    this.#invitation = invitation;
    for (const listener of this.#listeners) listener();
  }

  readonly giveUp = (): void => {
    this.#givenUp.abort(new PairingGivenUp());
  };
}
