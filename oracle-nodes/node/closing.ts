import type { Logger } from "pino";
import { untilAborted } from "@concordat/protocol/untilAborted";
import { problemOf } from "./status/problemOf.ts";
import { endsWithin } from "./rounds/waiting.ts";

/** What a node has opened, and how each part of it is closed: in the reverse order, and none waited for without end. */
export class Closing {
  readonly #logger: Logger;
  readonly #opened: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  #isClosed = false;
  /** What the node is busy with, for whoever has to say what did not end. */
  stage = "starting";

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Notes something that is open. What is opened after everything was closed is closed at once. */
  add(name: string, close: () => Promise<unknown>): void {
    if (this.#isClosed) void close().catch(() => undefined);
    else this.#opened.push({ name, close });
  }

  /**
   * Waits for something to be opened, but not beyond the signal: what comes after that is closed with everything else.
   * @throws the signal's reason, or why it could not be opened.
   */
  async open<T>(
    name: string,
    opening: Promise<T>,
    close: (opened: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    this.stage = `opening ${name}`;
    try {
      const opened = await untilAborted(opening, signal);
      this.add(name, async () => close(opened));
      return opened;
    } catch (error) {
      // It may be there a moment later, and is closed like everything else.
      this.add(name, async () => {
        const late = await opening.then(
          (opened) => ({ opened }),
          () => undefined,
        );
        if (late !== undefined) await close(late.opened);
      });
      throw error;
    }
  }

  /** Closes everything within a time. @returns The names of what did not close. */
  async close(withinMs: number): Promise<string[]> {
    this.#isClosed = true;
    const ends = performance.now() + withinMs;
    const left: string[] = [];
    for (const { name, close } of this.#opened.splice(0).toReversed()) {
      const closing = close().catch((error: unknown) => {
        this.#logger.warn(
          { part: name, problem: problemOf(error) },
          "a part of the node could not be closed",
        );
      });
      // Even where the time is over, what needs none is closed.
      if (!(await endsWithin(closing, Math.max(50, ends - performance.now())))) left.push(name);
    }
    return left;
  }
}
