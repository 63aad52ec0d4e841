import { ConcordatError } from "../errors.ts";
import type { ErrorFacts } from "../errors.ts";

/**
 * Why a log is no event: it is of another address, its first topic names no event of the contract, its bytes are not what the
 * event has, or it is in no block yet.
 */
export type EventFault = "otherAddress" | "unknownTopic" | "malformed" | "pending";

/** A log tells no event of the deployment; `fault` says why. */
export class EventError extends ConcordatError {
  readonly fault: EventFault;

  constructor(fault: EventFault, message: string, options: { facts?: ErrorFacts; cause?: unknown } = {}) {
    super(message, options);
    this.fault = fault;
  }
}
