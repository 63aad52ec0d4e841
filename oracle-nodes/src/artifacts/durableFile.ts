import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ConcordatError } from "../../../protocol/errors.ts";

/**
 * Writes a file so that after a crash it is there with these bytes, or as it was before: never torn.
 * @throws {ConcordatError} when the disk is full or does not let us.
 */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(partial, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConcordatError(`Cannot write ${path}: ${reason}`, {
      hint: "Free space, or make the folder writable",
      cause,
    });
  }
}

/** Makes a folder, and its parents, if it is not there. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Makes a rename or creation inside a folder last over a crash; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
