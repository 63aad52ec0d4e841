import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { download, type DownloadOptions, hashFile } from "./download.ts";
import type { Checksum, DatasetSource, SourceFile } from "./sources.ts";
import { unpack } from "./unpack.ts";

/** The file in a fetched folder that says where each file came from, and its checksum. */
const RECORD = "fetched.json";
const recordSchema = z.strictObject({
  format: z.literal("concordat/fetched/1"),
  urls: z.array(z.string()),
  /** SHA-256 of each file, by its path in the folder. */
  files: z.record(z.string(), z.string()),
});

export interface FetchOptions extends DownloadOptions {
  readonly name: string;
  readonly source: DatasetSource;
  /** Folder that gets a folder of the dataset's name. */
  readonly dir: string;
}

export interface Fetched {
  readonly folder: string;
  readonly files: number;
  /** Whether everything was there already, and was found to be as it was fetched. */
  readonly wasThere: boolean;
  /** Checksums that nobody states: of a first download, kept beside the folder to compare later ones with. */
  readonly pinned: readonly Checksum[];
}

/**
 * Downloads a dataset once. Its folder appears whole or not at all; what an interruption leaves lies in a hidden folder
 * beside it, and the next call goes on from there.
 *
 * @throws {InputError} when the folder holds something that was not fetched, or was changed since; or the data has moved.
 * @throws {ConcordatError} when the download breaks off, or what came is not what was published.
 */
export async function fetchDataset(options: FetchOptions): Promise<Fetched> {
  const { name, source, dir } = options;
  const folder = join(dir, name);
  const there = await verifyFetched(folder);
  if (there !== undefined) return { folder, files: there, wasThere: true, pinned: [] };
  const work = join(dir, `.${name}.partial`);
  const content = join(work, "content");
  await rm(content, { recursive: true, force: true });
  await mkdir(content, { recursive: true });
  const pinned: Checksum[] = [];
  for (const file of source.files) {
    const path = join(work, file.name);
    const expected = file.checksum ?? (await readPin(dir, name, file));
    if (!(await isWhole(path, expected))) await download(file, path, expected, options);
    if (expected === undefined) pinned.push(await writePin(dir, name, file, path));
    await take(file, path, content);
  }
  const files: Record<string, string> = {};
  for (const file of await filesIn(content)) files[file] = await hashFile(join(content, file), "sha256");
  const record = { format: "concordat/fetched/1", urls: source.files.map(({ url }) => url), files };
  await writeFile(join(content, RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(content, folder);
  await rm(work, { recursive: true });
  return { folder, files: Object.keys(files).length, wasThere: false, pinned };
}

/** Puts a downloaded file, or what is in it, into the folder that becomes the dataset's. */
async function take({ name, archives = [] }: SourceFile, path: string, content: string): Promise<void> {
  if (archives.length === 0) return rename(path, join(content, name));
  let archive = path;
  for (const [depth, step] of archives.entries()) {
    const isLast = depth === archives.length - 1;
    const into = isLast ? content : `${path}.within`;
    const [first = ""] = await unpack(archive, step, into);
    archive = join(into, first);
  }
  await rm(`${path}.within`, { recursive: true, force: true });
}

/** Whether a file was downloaded whole before an interruption. */
async function isWhole(path: string, expected: Checksum | undefined): Promise<boolean> {
  if ((await stat(path).catch(() => undefined)) === undefined) return false;
  return expected === undefined || (await hashFile(path, expected.algorithm)) === expected.hex;
}

/** The number of files of a fetched folder, all as they were fetched; undefined when there is no such folder. */
async function verifyFetched(folder: string): Promise<number | undefined> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return undefined;
  const text = await readFile(join(folder, RECORD), "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new InputError(`${folder} already exists and was not fetched`, {
      hint: "Move it away, or choose another folder with --dir: nothing is overwritten",
    });
  }
  const record = recordSchema.safeParse(parseJson(text));
  if (!record.success) throw changed(join(folder, RECORD));
  const files = Object.entries(record.data.files);
  for (const [file, expected] of files) {
    const found = await hashFile(join(folder, file), "sha256").catch(() => undefined);
    if (found !== expected) throw changed(join(folder, file));
  }
  return files.length;
}

function changed(file: string): InputError {
  return new InputError(`${file} has changed since it was fetched`, {
    hint: "Remove the folder to fetch it again",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const pinFile = (dir: string, name: string, file: SourceFile): string =>
  join(dir, `${name}.${file.name}.sha256`);

/** What the first download of a file without a stated checksum had, in sha256sum's format. */
async function readPin(dir: string, name: string, file: SourceFile): Promise<Checksum | undefined> {
  const path = pinFile(dir, name, file);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const hex = /^[0-9a-f]{64}(?= )/.exec(text)?.[0];
  if (hex === undefined)
    throw new ConcordatError(`${path} holds no checksum`, { hint: "Remove it to trust the next download" });
  return { algorithm: "sha256", hex };
}

async function writePin(dir: string, name: string, file: SourceFile, path: string): Promise<Checksum> {
  const hex = await hashFile(path, "sha256");
  await writeFile(pinFile(dir, name, file), `${hex}  ${file.name}\n`);
  return { algorithm: "sha256", hex };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
