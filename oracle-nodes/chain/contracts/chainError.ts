import { ConcordatError, type ConcordatErrorOptions } from "@concordat/protocol/errors";

/** The endpoint failed or contradicted itself: nothing that the caller did. Trying again later may help. */
export class ChainError extends ConcordatError {}

/** Another transaction of the same account took this one's nonce: whoever sent it uses the key too. */
export class TransactionReplacedError extends ChainError {
  /** Hash of the transaction that has the nonce. */
  readonly other: string;

  constructor(account: string, nonce: number, label: string, other: string) {
    super(`Another transaction from ${account}, ${other}, took nonce ${nonce} from ${label}`, {
      hint: "Let only one process use this account",
    });
    this.other = other;
  }
}

/** A transaction was sent, and within the time to wait nobody said whether it is in a block. It is never sent as another. */
export class TransactionUnknownError extends ChainError {
  readonly hash: string;

  constructor(label: string, hash: string, options: ConcordatErrorOptions = {}) {
    super(`${label} was sent as ${hash}, but its outcome is not known yet`, {
      hint: "Run the same command again: it looks for this transaction first and sends nothing twice",
      ...options,
    });
    this.hash = hash;
  }
}
