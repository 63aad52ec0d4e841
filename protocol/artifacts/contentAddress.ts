import * as dagPb from "@ipld/dag-pb";
import { importBytes } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";
import { varint } from "multiformats";
import { equals, fromHex, toHex } from "multiformats/bytes";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { create as createMultihash } from "multiformats/hashes/digest";
import { sha256 } from "multiformats/hashes/sha2";
import { ArtifactError } from "../errors.ts";
import type { Digest } from "../ids.ts";

/** Bytes of every leaf but the last. */
export const CHUNK_BYTES = 1 << 20;
/** Links of the root: an artifact is a root and its leaves, never deeper. */
export const MAX_CHUNKS = 1024;
/** What one artifact can hold: 1 GiB. */
export const MAX_ARTIFACT_BYTES = MAX_CHUNKS * CHUNK_BYTES;
/** Bytes that no root block exceeds: 1024 links of at most 52 bytes, and as many sizes. */
export const MAX_ROOT_BYTES = 1 << 17;

/** A piece of an artifact and the content identifier that its bytes hash to. */
export interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** An artifact's blocks: the distinct leaves in order, then the root. */
export interface Dag {
  readonly root: CID;
  readonly digest: Digest;
  readonly blocks: readonly Block[];
}

/** What a root block says about its leaves. */
export interface DagLayout {
  /** Bytes of the artifact. */
  readonly size: number;
  /** Leaves in file order; the same leaf may stand more than once. */
  readonly leaves: readonly { readonly cid: CID; readonly size: number }[];
}

/**
 * Splits bytes into the one UnixFS DAG that Concordat knows for them: CID v1, sha2-256, raw leaves of 1 MiB, and a
 * dag-pb root even over a single leaf, so that digest and CID determine each other (DESIGN.md section 7). Kubo's
 * `add --cid-version 1 --raw-leaves --chunker size-1048576` gives the same root above 1 MiB, and the bare leaf below.
 * @throws {ArtifactError} when there are no bytes, or more than {@link MAX_ARTIFACT_BYTES}.
 */
export async function buildDag(bytes: Uint8Array): Promise<Dag> {
  if (bytes.length === 0 || bytes.length > MAX_ARTIFACT_BYTES) {
    throw new ArtifactError(`An artifact has 1 to ${MAX_ARTIFACT_BYTES} bytes, not ${bytes.length}`);
  }
  const blocks = new Map<string, Block>();
  const collect = {
    put: async (cid: CID, block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      if (!(block instanceof Uint8Array))
        throw new TypeError("The importer gave a stream instead of a block");
      blocks.set(cid.toString(), { cid, bytes: block });
      return cid;
    },
  };
  const { cid: root } = await importBytes(bytes, collect, {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: false,
    wrapWithDirectory: false,
    chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
    layout: balanced({ maxChildrenPerNode: MAX_CHUNKS }),
    blockWriteConcurrency: 1,
  });
  return { root, digest: digestFromCid(root), blocks: [...blocks.values()] };
}

/** Bytes of all blocks of an artifact of this size, its leaves and its root: what fetching it transfers. */
export function blockBytes(size: number): number {
  const cid = CID.createV1(raw.code, createMultihash(sha256.code, new Uint8Array(32)));
  const leaves = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, (_, i) => ({
    cid,
    size: Math.min(CHUNK_BYTES, size - i * CHUNK_BYTES),
  }));
  return size + encodeRoot({ size, leaves }).length;
}

/** The digest that names these bytes on chain. @throws {ArtifactError} as {@link buildDag} does. */
export async function digestOf(bytes: Uint8Array): Promise<Digest> {
  return (await buildDag(bytes)).digest;
}

/** The CID of an artifact's root: v1, dag-pb, sha2-256. */
export function cidFromDigest(digest: Digest): CID {
  return CID.createV1(dagPb.code, createMultihash(sha256.code, fromHex(digest.slice(2))));
}

/** The digest of an artifact's root. @throws {ArtifactError} unless the CID is v1, dag-pb, sha2-256. */
export function digestFromCid(cid: CID): Digest {
  if (cid.version !== 1 || cid.code !== dagPb.code || !isSha256(cid)) {
    throw new ArtifactError(`${cid} is not the CID of an artifact (v1, dag-pb, sha2-256)`);
  }
  return `0x${toHex(cid.multihash.digest)}` as Digest;
}

/**
 * Reads a root block that was already verified against its CID, so that sizes are known before any leaf is fetched. What
 * passes is byte for byte the root that {@link buildDag} puts over such leaves: if each leaf has its CID and its size, the
 * DAG is canonical, and importing the content again would give nothing new.
 * @throws {ArtifactError} when it is not the root of a canonical DAG.
 */
export function readRoot(bytes: Uint8Array): DagLayout {
  let links: dagPb.PBLink[];
  try {
    links = dagPb.decode(bytes).Links;
  } catch (cause) {
    throw new ArtifactError("The artifact's root is not dag-pb", { cause });
  }
  const leaves = links.map(({ Hash: cid, Tsize: size = 0 }) => ({ cid, size }));
  const sized = leaves.every(({ size }, i) =>
    i < leaves.length - 1 ? size === CHUNK_BYTES : size > 0 && size <= CHUNK_BYTES,
  );
  const plain = leaves.every(({ cid }) => cid.version === 1 && cid.code === raw.code && isSha256(cid));
  if (leaves.length === 0 || leaves.length > MAX_CHUNKS || !sized || !plain) {
    throw new ArtifactError("The artifact's root is not canonical: raw leaves of 1 MiB, at most 1024");
  }
  const layout = { size: leaves.reduce((sum, { size }) => sum + size, 0), leaves };
  if (!equals(bytes, encodeRoot(layout))) {
    throw new ArtifactError("The artifact's root is not canonical: our importer writes it otherwise");
  }
  return layout;
}

/** The root block over leaves: a UnixFS file without data of its own, mode or time, and a link without name to each leaf. */
function encodeRoot(layout: DagLayout): Uint8Array {
  const Links = layout.leaves.map(({ cid, size }) => ({ Name: "", Tsize: size, Hash: cid }));
  return dagPb.encode({ Data: encodeFile(layout), Links });
}

/** UnixFS's protobuf message of a file: type (field 1) 2, its size (field 3), and the size of each leaf (field 4). */
function encodeFile({ size, leaves }: DagLayout): Uint8Array {
  const numbers = [0x08, 2, 0x18, size, ...leaves.flatMap((leaf) => [0x20, leaf.size])];
  const bytes = new Uint8Array(numbers.reduce((sum, number) => sum + varint.encodingLength(number), 0));
  let end = 0;
  for (const number of numbers) {
    varint.encodeTo(number, bytes, end);
    end += varint.encodingLength(number);
  }
  return bytes;
}

/** Whether a block's bytes hash to its CID. */
export async function matchesCid(cid: CID, bytes: Uint8Array): Promise<boolean> {
  if (!isSha256(cid)) return false;
  const { digest } = await sha256.digest(bytes);
  return digest.every((byte, i) => byte === cid.multihash.digest[i]);
}

function isSha256(cid: CID): boolean {
  return cid.multihash.code === sha256.code && cid.multihash.size === 32;
}
