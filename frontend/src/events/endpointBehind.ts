import { ConcordatError } from "@concordat/protocol/errors";

/** The endpoint does not know yet what it, or another backend of it, has told before. Asked again, it will. */
export class EndpointBehind extends ConcordatError {
  constructor(message: string) {
    super(message, {
      hint: "What you see is as of the last block that was told in full; the page asks again",
    });
  }
}
