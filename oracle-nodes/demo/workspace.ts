import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "@concordat/protocol/errors";

/** The folder of one demonstration: a folder for each node, the address book, logs. */
export interface Workspace {
  readonly dir: string;
  /** Leaves the folder where it is. */
  keep(): void;
  /** Removes the folder, unless it is to be kept. Also happens when the process ends in any other way. */
  remove(): void;
}

/**
 * Makes the folder.
 * @param dir Folder to use and to keep; a temporary one that vanishes with the process where it is not given.
 * @throws {InputError} when `dir` is not empty or cannot be written.
 */
export async function makeWorkspace(dir?: string): Promise<Workspace> {
  const path = dir === undefined ? await mkdtemp(join(tmpdir(), "concordat-")) : await makeEmptyFolder(dir);
  let temporary = dir === undefined;
  const remove = (): void => {
    if (temporary) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    process.removeListener("exit", remove);
  };
  process.on("exit", remove);
  return {
    dir: path,
    keep: () => {
      temporary = false;
    },
    remove,
  };
}

async function makeEmptyFolder(dir: string): Promise<string> {
  const path = resolve(dir);
  let entries: string[];
  try {
    await mkdir(path, { recursive: true });
    entries = await readdir(path);
  } catch (cause) {
    throw new InputError(`The folder ${path} cannot be made`, { hint: "Choose another with --dir", cause });
  }
  if (entries.length > 0) {
    throw new InputError(`The folder ${path} is not empty`, {
      hint: "Choose an empty or new one with --dir",
    });
  }
  return path;
}
