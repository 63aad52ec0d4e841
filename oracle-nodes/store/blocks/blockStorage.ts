import type { CID } from "multiformats/cid";
import type { Dag } from "@concordat/protocol/artifacts/contentAddress";
import type { Digest } from "@concordat/protocol/ids";

/** An artifact's bytes, and the canonical DAG over them. */
export interface WholeArtifact {
  readonly bytes: Uint8Array;
  readonly dag: Dag;
}

/** Where a store keeps whole artifacts: a folder, or an IPFS node beside it. */
export interface BlockStorage {
  /** Keeps an artifact, and resolves once it would survive a crash. */
  put(artifact: WholeArtifact): Promise<void>;
  /** Keeps a copy that others have too: a crash may lose or damage it. */
  putCopy(artifact: WholeArtifact): Promise<void>;
  /**
   * Takes an artifact over from another storage, durably and never leaving it in neither; false when that cannot be done
   * without reading it.
   */
  take(digest: Digest, from: BlockStorage): Promise<boolean>;
  /**
   * The bytes of a block of an artifact that is held; undefined for any other block.
   * @throws {BlockDamagedError} when what is kept of it is not the block: it must be neither used nor served.
   */
  read(cid: CID, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  has(digest: Digest): boolean;
  /** Whether a block belongs to an artifact that is held. */
  hasBlock(cid: CID): boolean;
  /** All digests, oldest first. */
  list(): readonly Digest[];
  /** Forgets an artifact and the blocks that no other artifact needs. */
  remove(digest: Digest): Promise<void>;
}
