import { readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { MAX_ARTIFACT_BYTES } from "@concordat/protocol/artifacts/contentAddress";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";

/**
 * The folder through which files reach a node that runs. Whoever may write to the node's folder puts a file there under a name
 * that ends in {@link REQUEST}, whole, by renaming it into place; the node stores it, writes what came of it beside it, and
 * removes the file. What is dropped while the node does not run is taken up when it starts. No port is opened for it:
 * the rights of the folder say who may.
 */
export function inboxOf(dataDir: string): string {
  return join(dataDir, "inbox");
}

/** How a request's file name ends, and that of its answer. */
export const REQUEST = ".artifact";
export const ANSWER = ".answer.json";
/** What a request that was refused is called from then on: nothing that somebody put here is thrown away unserved. */
export const REFUSED = ".refused";

/** Milliseconds between two looks into the folder. */
const LOOK_MS = 500;
/** Answers that nobody took within this time belong to a command that is gone. */
const ANSWER_AGE_MS = 60 * 60_000;

export const answerSchema = z.union([
  z.strictObject({ digest: z.string().regex(/^0x[0-9a-f]{64}$/) }),
  z.strictObject({ problem: z.string() }),
]);
/** What came of a request: the digest under which the node serves it now, or why it does not. */
export type InboxAnswer = z.infer<typeof answerSchema>;

/** Starts to take up what is put into the inbox. The returned function stops that, after what is under way is done. */
export function openInbox(
  dataDir: string,
  store: Pick<ArtifactStore, "put">,
  logger: Logger,
): () => Promise<void> {
  const stopping = new AbortController();
  const inbox = new Inbox(inboxOf(dataDir), store, logger);
  const done = inbox.serve(stopping.signal);
  return async () => {
    stopping.abort();
    await done;
  };
}

class Inbox {
  readonly #folder: string;
  readonly #store: Pick<ArtifactStore, "put">;
  readonly #logger: Logger;
  /** The last trouble that was logged: a folder that cannot be read is not told four times a second. */
  #trouble = "";

  constructor(folder: string, store: Pick<ArtifactStore, "put">, logger: Logger) {
    this.#folder = folder;
    this.#store = store;
    this.#logger = logger;
  }

  async serve(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await makeFolder(this.#folder);
        await this.#look(signal);
        this.#trouble = "";
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== this.#trouble)
          this.#logger.warn({ folder: this.#folder, reason }, "the inbox cannot be used");
        this.#trouble = reason;
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    for (const name of (await readdir(this.#folder)).toSorted()) {
      if (signal.aborted) return;
      if (name.endsWith(ANSWER)) await this.#forgetOld(name);
      else if (name.endsWith(REQUEST)) await this.#take(name);
    }
  }

  async #take(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const answer = await this.#import(path);
    if (answer === undefined) return;
    const facts = { file: name, ...answer };
    if ("digest" in answer) this.#logger.info(facts, "a file from the inbox is served now");
    else this.#logger.warn(facts, "a file in the inbox was refused");
    const stem = join(this.#folder, name.slice(0, -REQUEST.length));
    // The file goes last: a node that is killed in between takes it up again, and putting bytes twice changes nothing.
    if ("problem" in answer) await rename(path, `${stem}${REFUSED}`);
    await writeDurably(this.#folder, [{ path: `${stem}${ANSWER}`, bytes: JSON.stringify(answer) }]);
    await rm(path, { force: true });
  }

  /** Undefined when the file was taken back meanwhile. */
  async #import(path: string): Promise<InboxAnswer | undefined> {
    try {
      const { size } = await stat(path);
      if (size > MAX_ARTIFACT_BYTES)
        return { problem: `It has ${size} bytes, but an artifact has at most ${MAX_ARTIFACT_BYTES}` };
      return { digest: await this.#store.put(new Uint8Array(await readFile(path))) };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      if (error instanceof ConcordatError) return { problem: error.oneLine };
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  async #forgetOld(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ANSWER_AGE_MS) await rm(path, { force: true });
  }
}

/** Reads an answer. @throws {InputError} when it is none. */
export function parseAnswer(text: string): InboxAnswer {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError("The node's answer cannot be read", {
      hint: "Check that the node runs the same version of Concordat",
      cause,
    });
  }
}
