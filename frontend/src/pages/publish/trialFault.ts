import { ConcordatError } from "@concordat/protocol/errors";
import type { DraftFaults } from "./draft.ts";

/** A task that fails at its first step, wherever it is trained, with the field in which that is corrected. */
export class TrialRefusedError extends ConcordatError {
  readonly faults: DraftFaults;

  constructor(cause: ConcordatError) {
    super(`A trial step in this page failed: ${cause.message}`, {
      ...(cause.hint !== undefined && { hint: cause.hint }),
      cause,
    });
    // Whatever else a step can fail at is the model, or that it does not go with what else was chosen.
    const field = /learning rate/i.test(cause.hint ?? "") ? "learningRate" : "model";
    this.faults = { [field]: `A trial step failed: ${cause.oneLine}` };
  }
}
