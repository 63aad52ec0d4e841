import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import PQueue from "p-queue";
import { ConcordatError } from "@concordat/protocol/errors";

/** Files that are written at once: enough to keep a disk busy, few enough to hold open. */
const CONCURRENCY = 8;

/** A file to be written. */
export interface NewFile {
  readonly path: string;
  /** What stands in it; parts one after another. */
  readonly bytes: Uint8Array | string | readonly Uint8Array[];
}

/**
 * Writes files into one folder so that once this resolves they survive a crash, and until then each is there with its
 * bytes, or as it was before: never torn.
 * @throws {ConcordatError} when the disk is full or does not let us.
 */
export async function writeDurably(folder: string, files: readonly NewFile[]): Promise<void> {
  await explained(folder, async () => {
    const writes = files.map((file) => async () => writeFile(file, true));
    await new PQueue({ concurrency: CONCURRENCY }).addAll(writes);
    await syncFolder(folder);
  });
}

/**
 * Writes a file that is never seen half-written, but that a crash of the machine may lose or damage.
 * @throws {ConcordatError} when the disk is full or does not let us.
 */
export async function writeWhole(file: NewFile): Promise<void> {
  await explained(file.path, async () => writeFile(file, false));
}

async function explained(where: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw cannotWrite(where, cause);
  }
}

/** What is said of a disk that is full or does not let us. */
export function cannotWrite(where: string, cause: unknown): ConcordatError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConcordatError(`Cannot write to ${where}: ${reason}`, {
    hint: "Free space, or make the folder writable",
    cause,
  });
}

async function writeFile({ path, bytes }: NewFile, isDurable: boolean): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, "w", 0o600);
    try {
      const parts = typeof bytes === "string" || bytes instanceof Uint8Array ? [bytes] : bytes;
      for (const part of parts) await writeAll(file, typeof part === "string" ? Buffer.from(part) : part);
      if (isDurable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** As FileHandle.writeFile, but in one call where the system takes everything at once, instead of one for each 512 KiB. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let end = 0; end < bytes.length;) end += (await file.write(bytes, end)).bytesWritten;
}

/**
 * Makes a folder, and its parents, if it is not there.
 * @throws {ConcordatError} when the disk is full or does not let us.
 */
export async function makeFolder(path: string): Promise<void> {
  await explained(path, async () => mkdir(path, { recursive: true, mode: 0o700 }));
}

/** Makes a rename or creation inside a folder last over a crash; Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
