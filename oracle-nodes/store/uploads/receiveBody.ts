import type { IncomingMessage } from "node:http";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** Milliseconds of patience with any body, whatever its size. */
const LEAST_MS = 30_000;
/** Bytes a second of the slowest line that is waited for. */
const SLOWEST_LINE = 32 * 1024;

/** Milliseconds in which so many bytes have to be here. */
export function bodyDeadline(bytes: number): number {
  return LEAST_MS + Math.ceil((bytes / SLOWEST_LINE) * 1000);
}

/** Why a body is not here: it stopped, or it came too slowly. */
export class BodyLostError extends Error {
  readonly reason: "truncated" | "slow";

  constructor(reason: "truncated" | "slow") {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Reads a request's body of exactly `length` bytes through a file, so that slow senders occupy disk that was set aside for
 * them, and no memory. The file is gone when this ends.
 * @param path Where the bytes stand meanwhile; undefined to read and drop them.
 * @param signal Ends the wait: the deadline has passed, or the node stops.
 * @throws {BodyLostError} when it is cut short or the signal aborts; the disk's error when it is full.
 */
export async function receiveBody(
  request: IncomingMessage,
  path: string | undefined,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const file = path === undefined ? undefined : await open(path, "wx+", 0o600);
  try {
    let end = 0;
    for await (const chunk of chunksUntil(request, signal)) {
      if (end + chunk.length > length) throw new BodyLostError("truncated");
      if (file !== undefined) await writeAll(file, chunk, end);
      end += chunk.length;
    }
    if (end !== length) throw new BodyLostError("truncated");
    return file === undefined ? new Uint8Array() : await readAll(file, length);
  } finally {
    await file?.close();
    if (path !== undefined) await rm(path, { force: true });
  }
}

/** The chunks of a body. Unlike a plain loop, an early end leaves the connection open: the sender still gets an answer. */
async function* chunksUntil(request: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => undefined);
  const onAbort = (): void => reject(new BodyLostError("slow"));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      const next = chunks.next().catch(() => {
        throw new BodyLostError("truncated");
      });
      next.catch(() => undefined);
      const { done, value } = await Promise.race([next, aborted]);
      if (done === true) return;
      yield value as Buffer;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let end = 0; end < bytes.length;) {
    end += (await file.write(bytes, end, bytes.length - end, at + end)).bytesWritten;
  }
}

async function readAll(file: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let end = 0; end < length;) {
    const { bytesRead } = await file.read(bytes, end, length - end, end);
    if (bytesRead === 0) throw new BodyLostError("truncated");
    end += bytesRead;
  }
  return bytes;
}
