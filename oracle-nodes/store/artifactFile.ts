import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import {
  CHUNK_BYTES,
  MAX_ROOT_BYTES,
  cidFromDigest,
  matchesCid,
  readRoot,
} from "@concordat/protocol/artifacts/contentAddress";
import type { Digest } from "@concordat/protocol/ids";
import type { WholeArtifact } from "./blocks/blockStorage.ts";

/** Bytes of the root's length, big-endian, at the end of the file. */
const TRAILER_BYTES = 4;

/** Where a block lies in its artifact's file. */
export interface BlockPlace {
  readonly start: number;
  readonly length: number;
}

/** The parts of an artifact's file: the bytes, the root block, and the length of the root. */
export function fileParts({ bytes, dag }: WholeArtifact): readonly Uint8Array[] {
  const root = dag.blocks.at(-1)?.bytes ?? new Uint8Array();
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32BE(root.length);
  return [bytes, root, trailer];
}

/** Where each block of an artifact's file lies, by its CID as text; a leaf that repeats is told once. */
export function placesIn(digest: Digest, root: Uint8Array): ReadonlyMap<string, BlockPlace> {
  const { size, leaves } = readRoot(root);
  const places = leaves.map(({ cid, size: length }, i): [string, BlockPlace] => [
    cid.toString(),
    { start: i * CHUNK_BYTES, length },
  ]);
  return new Map([...places, [cidFromDigest(digest).toString(), { start: size, length: root.length }]]);
}

/**
 * Reads an artifact file's root. Its content is not looked at: whoever reads a block verifies it.
 * @returns undefined when the file is not whole: it was being written, or the disk lost a part of it.
 */
export async function readRootOf(path: string, digest: Digest): Promise<Uint8Array | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const trailer = await readAt(file, { start: size - TRAILER_BYTES, length: TRAILER_BYTES });
    const length = trailer?.readUInt32BE() ?? Infinity;
    const start = size - TRAILER_BYTES - length;
    if (length > MAX_ROOT_BYTES || start <= 0) return undefined;
    const root = await readAt(file, { start, length });
    if (root === undefined || !(await matchesCid(cidFromDigest(digest), root))) return undefined;
    return readRoot(root).size === start ? root : undefined;
  } finally {
    await file.close();
  }
}

/** Reads a block; undefined when the file ends before it does. */
export async function readBlock(path: string, place: BlockPlace): Promise<Buffer | undefined> {
  const file = await open(path, "r");
  try {
    return await readAt(file, place);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, { start, length }: BlockPlace): Promise<Buffer | undefined> {
  if (start < 0) return undefined;
  const bytes = Buffer.allocUnsafeSlow(length);
  let end = 0;
  while (end < length) {
    const { bytesRead } = await file.read(bytes, end, length - end, start + end);
    if (bytesRead === 0) return undefined;
    end += bytesRead;
  }
  return bytes;
}
