import * as dagPb from "@ipld/dag-pb";
import { importBytes } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";
import { fromHex, toHex } from "multiformats/bytes";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { create as createMultihash } from "multiformats/hashes/digest";
import { sha256 } from "multiformats/hashes/sha2";
import { ArtifactError } from "./errors.ts";
import type { Digest } from "./ids.ts";

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
 * Reads a root block that was already verified against its CID, so that sizes are known before any leaf is fetched.
 * @throws {ArtifactError} when it is not the root of a canonical DAG. Passing does not prove that it is: rebuild to know.
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
  return { size: leaves.reduce((sum, { size }) => sum + size, 0), leaves };
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
