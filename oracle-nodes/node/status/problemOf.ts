import { ConcordatError } from "@concordat/protocol/errors";

/** What went wrong, in one line. */
export function problemOf(error: unknown): string {
  if (error instanceof ConcordatError) return error.oneLine;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** What a log line says of an error: one line where it was foreseen, the stack where it was not. */
export function errorFacts(error: unknown): { readonly problem: string } | { readonly err: unknown } {
  return error instanceof ConcordatError ? { problem: error.oneLine } : { err: error };
}

/** Tells apart what was said before from what is new, so that a problem that lasts is one line and not one a second. */
export class SaidOnce {
  #last = "";

  /** Whether this is another problem than the last one. */
  isNew(problem: string): boolean {
    const isNew = problem !== this.#last;
    this.#last = problem;
    return isNew;
  }

  /** Forgets what was said: it is over. */
  reset(): void {
    this.#last = "";
  }
}
