/** Facts that a reader of an error needs, in the order in which they are printed. */
export type ErrorFacts = Readonly<Record<string, string | number | bigint | boolean>>;

/** What a {@link ConcordatError} carries besides its one-line message. */
export interface ConcordatErrorOptions {
  /** Values behind the message: expected and found, ids, file names. Never secrets. */
  readonly facts?: ErrorFacts;
  /** What the reader can do next, as an imperative sentence. */
  readonly hint?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * Base of every error that Concordat raises on purpose: one short line, the facts, and what to do next.
 * The command line prints `message` and `hint`, and shows a stack only for errors that are not of this class.
 */
export class ConcordatError extends Error {
  readonly facts: ErrorFacts;
  readonly hint: string | undefined;

  constructor(message: string, options: ConcordatErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.facts = options.facts ?? {};
    this.hint = options.hint;
  }

  /** The message and the hint on one line, as the command line shows them. */
  get oneLine(): string {
    return this.hint === undefined ? this.message : `${this.message}. ${this.hint}`;
  }
}

/** The caller gave something that cannot be used: an option, a file, a key, an address. Exit code 2, nothing written. */
export class InputError extends ConcordatError {}

/** An artifact, manifest or message from someone else breaks a rule of its format. It is left out, never half used. */
export class ArtifactError extends ConcordatError {}
