import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { crc32, createInflateRaw, gunzip } from "node:zlib";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Archive } from "./sources.ts";

/**
 * Takes the wanted members of an archive out into a folder.
 * @returns Where they are, relative to the folder.
 * @throws {ConcordatError} when the archive is damaged or has none of them.
 */
export async function unpack(path: string, { kind, keep }: Archive, folder: string): Promise<string[]> {
  const place = (name: string): string | undefined => {
    const kept = keep.exec(name)?.groups?.["path"];
    return kept === undefined || kept.split("/").includes("..") ? undefined : kept;
  };
  const kept = await (kind === "zip" ? unzip(path, folder, place) : untar(path, folder, place));
  if (kept.length > 0) return kept;
  throw new ConcordatError(`${path} holds none of the dataset's files`, {
    hint: "Check whether the published data has changed",
  });
}

type Place = (name: string) => string | undefined;

const TAR_BLOCK = 512;
const MAX_TAR_BYTES = 1 << 30;

/** Reads a gzipped tar archive (POSIX ustar): blocks of a header, then contents filled up to whole blocks. */
async function untar(path: string, folder: string, place: Place): Promise<string[]> {
  const tar = await promisify(gunzip)(await readFile(path), { maxOutputLength: MAX_TAR_BYTES }).catch(
    (cause: unknown) => {
      throw damaged(path, cause);
    },
  );
  const kept: string[] = [];
  for (let at = 0; at + TAR_BLOCK <= tar.length && tar[at] !== 0;) {
    const text = (from: number, length: number) =>
      tar.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(text(124, 12), 8);
    const start = at + TAR_BLOCK;
    if (!(size >= 0) || start + size > tar.length) throw damaged(path);
    const prefix = text(345, 155);
    const isFile = tar[at + 156] === 0x30 || tar[at + 156] === 0;
    const to = isFile ? place(prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`) : undefined;
    if (to !== undefined) {
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await writeFile(join(folder, to), tar.subarray(start, start + size));
      kept.push(to);
    }
    at = start + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return kept;
}

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Of the local header. */
  readonly offset: number;
}

/** Reads a zip archive of any size by its directory, one member after another, and checks each. */
async function unzip(path: string, folder: string, place: Place): Promise<string[]> {
  const file = await open(path);
  try {
    const kept: string[] = [];
    for (const entry of await zipDirectory(path, file)) {
      const to = place(entry.name);
      if (to === undefined) continue;
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await extract(path, file, entry, join(folder, to));
      kept.push(to);
    }
    return kept;
  } finally {
    await file.close();
  }
}

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const ENTRY = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const IN_64_BITS = 0xffff_ffff;

async function zipDirectory(path: string, file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const tail = await readAt(path, file, Math.max(0, size - 65_557 - 20), Math.min(size, 65_557 + 20));
  const end = tail.lastIndexOf(Buffer.of(0x50, 0x4b, 0x05, 0x06));
  if (end < 0 || end + 22 > tail.length || tail.readUInt32LE(end) !== END) throw damaged(path);
  let [length, start] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (end >= 20 && tail.readUInt32LE(end - 20) === LOCATOR_64) {
    const record = await readAt(path, file, Number(tail.readBigUInt64LE(end - 20 + 8)), 56);
    if (record.readUInt32LE(0) !== END_64) throw damaged(path);
    [length, start] = [Number(record.readBigUInt64LE(40)), Number(record.readBigUInt64LE(48))];
  }
  const directory = await readAt(path, file, start, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= length;) {
    if (directory.readUInt32LE(at) !== ENTRY) throw damaged(path);
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    if (extraEnd > length) throw damaged(path);
    const [unpacked = 0, packed = 0, offset = 0] = wideFields(directory.subarray(nameEnd, extraEnd), [
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 20),
      directory.readUInt32LE(at + 42),
    ]);
    entries.push({
      name: directory.toString("utf8", at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      size: unpacked,
      packed,
      offset,
    });
    at = extraEnd + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Replaces fields that say "too large" by those of the zip64 extra field, which stand there in the same order. */
function wideFields(extra: Buffer, fields: readonly number[]): number[] {
  let wide: Buffer = Buffer.alloc(0);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) wide = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  let next = 0;
  return fields.map((field) => {
    if (field !== IN_64_BITS || next + 8 > wide.length) return field;
    next += 8;
    return Number(wide.readBigUInt64LE(next - 8));
  });
}

async function extract(path: string, file: FileHandle, entry: ZipEntry, to: string): Promise<void> {
  const header = await readAt(path, file, entry.offset, 30);
  if (header.readUInt32LE(0) !== LOCAL || (entry.method !== 0 && entry.method !== 8)) throw damaged(path);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (entry.packed === 0) return writeFile(to, "");
  const packed = createReadStream(path, { start, end: start + entry.packed - 1 });
  let [crc, size] = [0, 0];
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      packed,
      entry.method === 8 ? createInflateRaw() : new PassThrough(),
      check,
      createWriteStream(to),
    );
  } catch (cause) {
    throw damaged(path, cause);
  }
  if (crc !== entry.crc || size !== entry.size) throw damaged(path);
}

async function readAt(path: string, file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw damaged(path);
  return buffer;
}

function damaged(path: string, cause?: unknown): ConcordatError {
  return new ConcordatError(`${path} is a truncated or damaged archive`, { hint: "Fetch it again", cause });
}
