/** The work was stopped by a signal: nothing went wrong, and nothing is printed. */
export class InterruptedError extends Error {
  constructor() {
    super("Interrupted");
    this.name = "InterruptedError";
  }
}
