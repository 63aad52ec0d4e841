import { readFile, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { cannotWrite, makeFolder, writeDurably } from "@concordat/files/durableFile";
import { LockedError, takeLock, type FolderLock } from "@concordat/files/folderLock";

const hex = z.string().regex(/^0x[0-9a-f]*$/i);

const stored = z.strictObject({
  format: z.literal("concordat/transaction/1"),
  /** What it does, e.g. "deposit". */
  label: z.string(),
  /** What its caller wanted: the same intent again is looked for here first. */
  intent: z.string(),
  to: hex,
  data: hex,
  nonce: z.number().int().min(0),
  gasLimit: z.string().regex(/^\d+$/),
  /** Its signed bytes, oldest first: all share the nonce, so at most one of them is ever included. */
  versions: z.array(z.strictObject({ hash: hex, raw: hex })).min(1),
  fees: z.strictObject({ max: z.string().regex(/^\d+$/), tip: z.string().regex(/^\d+$/) }),
  /** Unix milliseconds. */
  sentAt: z.number(),
  /** Whether it was found in a block. */
  isIncluded: z.boolean(),
});

/** A transaction that was signed, and may have been sent. */
export type SentTransaction = z.infer<typeof stored>;

/** Milliseconds for which a command waits for another one with the same account. */
const LOCK_WAIT_MS = 90_000;

/**
 * The transactions of one account that are not known to be over: each is written to the disk before its bytes leave the process,
 * so that after a lost answer or a crash the question is always whether those bytes were included.
 */
export class TransactionJournal {
  readonly #folder: string | undefined;
  readonly #isShared: boolean;
  #memory = new Map<number, SentTransaction>();

  private constructor(folder: string | undefined, isShared: boolean) {
    this.#folder = folder;
    this.#isShared = isShared;
  }

  /**
   * @param folder Where it is kept; only in memory without one.
   * @param isShared Whether other processes may use it too, by turns.
   */
  static async open(folder?: string, isShared = false): Promise<TransactionJournal> {
    const journal = new TransactionJournal(folder, isShared && folder !== undefined);
    if (folder !== undefined) await makeFolder(folder);
    await journal.read();
    return journal;
  }

  /** What is kept, by ascending nonce. */
  get transactions(): readonly SentTransaction[] {
    return [...this.#memory.values()].toSorted((a, b) => a.nonce - b.nonce);
  }

  /** Reads the folder again. @throws {ConcordatError} for a damaged file, which may stand for a payment. */
  async read(): Promise<void> {
    if (this.#folder === undefined) return;
    const names = (await namesIn(this.#folder)).filter((name) => /^\d+\.json$/.test(name));
    const found = await Promise.all(names.map(async (name) => readEntry(join(this.#folder ?? "", name))));
    this.#memory = new Map(found.flatMap((entry) => (entry === undefined ? [] : [[entry.nonce, entry]])));
  }

  /** Keeps a transaction, on the disk before this resolves; the one that had its nonce is forgotten. */
  async keep(transaction: SentTransaction): Promise<void> {
    this.#memory.set(transaction.nonce, transaction);
    if (this.#folder === undefined) return;
    const path = join(this.#folder, `${transaction.nonce}.json`);
    await writeDurably(this.#folder, [{ path, bytes: JSON.stringify(transaction, null, 1) }]);
  }

  /** Forgets the transaction of a nonce. */
  async forget(nonce: number): Promise<void> {
    this.#memory.delete(nonce);
    if (this.#folder !== undefined) await rm(join(this.#folder, `${nonce}.json`), { force: true });
  }

  /** Removes the folder where nothing is kept in it. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) await rmdir(this.#folder).catch(() => undefined);
  }

  /**
   * Does work while no other process does any with this account.
   * @throws {InputError} when another keeps it for too long.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isShared || this.#folder === undefined) return work();
    let lock: FolderLock;
    try {
      lock = await takeLock(join(this.#folder, "account.lock"), {
        waitMs: LOCK_WAIT_MS,
        onLost: () => undefined,
      });
    } catch (cause) {
      if (!(cause instanceof LockedError)) throw cannotWrite(this.#folder, cause);
      throw new InputError("Another command is sending transactions from this account", {
        hint: "Wait until it has finished",
        cause,
      });
    }
    try {
      await this.read();
      return await work();
    } finally {
      await lock.release().catch(() => undefined);
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new ConcordatError(`The folder of sent transactions ${folder} cannot be read`, {
      hint: "Make it readable, or name another folder with CONCORDAT_STATE",
      cause,
    });
  }
}

async function readEntry(path: string): Promise<SentTransaction | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConcordatError(`The record of a sent transaction ${path} cannot be read`, {
      hint: "Make it readable: it may record a payment",
      cause: error,
    });
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new ConcordatError(`The record of a sent transaction ${path} is damaged`, {
      hint: "Check that the account's last transactions are in blocks, then remove the file",
      cause,
    });
  }
}
