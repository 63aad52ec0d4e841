import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { Checksum, SourceFile } from "./sources.ts";

const AGAIN = "Run the command again: it continues where it stopped";

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes there and in all; undefined where the server does not say. */
  readonly onProgress: (file: string, received: number, total: number | undefined) => void;
}

/**
 * Downloads a file to a path, which appears only when its checksum is right. What was received before an interruption stays
 * beside it as .part, and the next call asks for the rest only.
 *
 * @param checksum What the bytes must have; undefined takes any.
 * @throws {InputError} when the file is not at its place.
 * @throws {ConcordatError} when the connection ends early or the bytes are others than stated: those are removed.
 */
export async function download(
  { url, name }: SourceFile,
  path: string,
  checksum: Checksum | undefined,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  const part = `${path}.part`;
  const response = await request(url, await resumption(part), signal);
  const resumed = response.status === 206;
  const from = resumed ? await sizeOf(part) : 0;
  const length = response.headers.get("content-length");
  const total = length === null ? undefined : from + Number(length);
  const tag = response.headers.get("etag");
  if (tag === null) await rm(`${part}.etag`, { force: true });
  else await writeFile(`${part}.etag`, tag);
  const received = await receive(response, part, from, (bytes) => onProgress(name, bytes, total), signal);
  if (total !== undefined && received !== total) {
    throw new ConcordatError(`${url} ended after ${received} of ${total} bytes`, { hint: AGAIN });
  }
  if (checksum !== undefined) await verify(part, url, checksum);
  await rm(`${part}.etag`, { force: true });
  await rename(part, path);
}

/** The checksum of a file. */
export async function hashFile(path: string, algorithm: Checksum["algorithm"]): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Headers that ask for the rest of what is there already, provided that the file on the server is still the same. */
async function resumption(part: string): Promise<Record<string, string>> {
  // Some servers would pack a .gz file once more, or unpack it.
  const plain = { "accept-encoding": "identity" };
  const from = await sizeOf(part);
  const tag = await readFile(`${part}.etag`, "utf8").catch(() => undefined);
  if (from === 0 || tag === undefined || tag.startsWith("W/")) return plain;
  return { ...plain, range: `bytes=${from}-`, "if-range": tag };
}

async function request(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new ConcordatError(`${url} cannot be reached`, { hint: `Check the connection. ${AGAIN}`, cause });
  }
  if (response.status === 416) {
    await response.body?.cancel();
    return request(url, { "accept-encoding": "identity" }, signal);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new InputError(`${url} answered with status ${response.status}`, {
      hint: "The data may have moved: get the files yourself and put them into the dataset's folder",
    });
  }
  return response;
}

/** Writes what comes, from an offset on, and returns the file's size. */
async function receive(
  response: Response,
  part: string,
  from: number,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const file = await open(part, from === 0 ? "w" : "a");
  let received = from;
  try {
    onBytes(received);
    for await (const chunk of response.body ?? []) {
      await file.write(chunk);
      received += chunk.length;
      onBytes(received);
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new ConcordatError(`${response.url} ended after ${received} bytes`, { hint: AGAIN, cause });
  } finally {
    await file.close();
  }
  return received;
}

async function verify(part: string, url: string, { algorithm, hex }: Checksum): Promise<void> {
  const found = await hashFile(part, algorithm);
  if (found === hex) return;
  await rm(part);
  await rm(`${part}.etag`, { force: true });
  throw new ConcordatError(`${url} has the ${algorithm} checksum ${found}, not ${hex}: it was removed`, {
    hint: "Try again; if it happens again, the published data has changed",
  });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
