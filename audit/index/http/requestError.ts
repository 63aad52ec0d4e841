import { ConcordatError } from "@concordat/protocol/errors";

/** A request that is answered with an HTTP status and one line. */
export class RequestError extends ConcordatError {
  readonly status: number;

  constructor(status: number, message: string, hint?: string) {
    super(message, hint === undefined ? {} : { hint });
    this.status = status;
  }
}
