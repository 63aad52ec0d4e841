import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { InputError } from "@concordat/protocol/errors";

/** More than any official file unpacks to; a gzip file that claims more is not one of them. */
const MAX_BYTES = 1 << 29;

/** A data file, unpacked, with the path that error messages name. */
export interface DataFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * Finds and reads one data file, gzipped or not.
 *
 * @param directories Folders to look in, in order.
 * @param names Accepted names, in order, each also with ".gz".
 * @returns The unpacked file, or undefined when no folder holds any of the names.
 * @throws {InputError} when a file exists but cannot be read or unpacked.
 */
export async function findDataFile(
  directories: readonly string[],
  names: readonly string[],
): Promise<DataFile | undefined> {
  for (const directory of directories) {
    for (const name of names.flatMap((plain) => [plain, `${plain}.gz`])) {
      const path = join(directory, name);
      const bytes = await readIfPresent(path);
      if (bytes !== undefined) return { path, bytes: await unpack(path, bytes) };
    }
  }
  return undefined;
}

/** Like {@link findDataFile}; the last folder is the one that errors name. @throws {InputError} also when the file is missing. */
export async function requireDataFile(
  directories: readonly string[],
  names: readonly string[],
): Promise<DataFile> {
  const found = await findDataFile(directories, names);
  if (found === undefined) {
    throw new InputError(`${names[0]} is missing from ${directories.at(-1)}`, {
      hint: "Put it there, gzipped or not; concordat data fetch gets official data",
    });
  }
  return found;
}

async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InputError(`${path} cannot be read (${String(code)})`, {
      hint: "Check the file and its rights",
      cause,
    });
  }
}

async function unpack(path: string, bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new InputError(`${path} is a truncated or damaged gzip file`, { hint: "Download it again", cause });
  }
}
