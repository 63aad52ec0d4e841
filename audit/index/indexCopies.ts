import { execFile } from "node:child_process";
import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConcordatError } from "@concordat/protocol/errors";

const PROGRAM = fileURLToPath(import.meta.resolve("#index/sql/copyProcess"));
/** Milliseconds for which a copy is given to everybody who asks. */
const FRESH_MS = 10_000;

/** Makes copies of an index to take home, beside it: each is the index at one moment, in one file. */
export class IndexCopies {
  readonly #file: string;
  readonly #copy: string;
  #made = { at: Number.NEGATIVE_INFINITY, done: Promise.resolve() };

  constructor(file: string) {
    this.#file = file;
    this.#copy = `${file}.copy`;
  }

  /** Opens a copy that is at most a few seconds old; the caller closes it. */
  async open(): Promise<FileHandle> {
    if (performance.now() - this.#made.at > FRESH_MS) {
      this.#made = { at: Number.POSITIVE_INFINITY, done: this.#make() };
    }
    await this.#made.done;
    return open(this.#copy, "r");
  }

  async close(): Promise<void> {
    await this.#made.done.catch(() => undefined);
    await rm(this.#copy, { force: true });
  }

  async #make(): Promise<void> {
    const target = `${this.#copy}.part`;
    try {
      await rm(target, { force: true });
      await promisify(execFile)(process.execPath, ["--no-warnings", PROGRAM, this.#file, target]);
      await rename(target, this.#copy);
      this.#made.at = performance.now();
    } catch (cause) {
      this.#made.at = Number.NEGATIVE_INFINITY;
      await rm(target, { force: true });
      throw new ConcordatError("The index cannot be copied", {
        hint: "Make sure that there is space beside the index",
        cause,
      });
    }
  }
}
