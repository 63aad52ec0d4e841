import { ConcordatError } from "../../../protocol/errors.ts";

/** The endpoint failed or contradicted itself: nothing that the caller did. Trying again later may help. */
export class ChainError extends ConcordatError {}

/** Another transaction of the same account took this one's nonce: whoever sent it uses the key too. */
export class TransactionReplacedError extends ChainError {}
