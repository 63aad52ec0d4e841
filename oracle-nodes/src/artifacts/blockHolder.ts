import type { CID } from "multiformats/cid";
import type { Dag } from "../../../protocol/contentAddress.ts";
import type { Digest } from "../../../protocol/ids.ts";

/** Where a store keeps whole artifacts: a folder, or an IPFS node beside it. */
export interface BlockHolder {
  /** Keeps an artifact durably. Nothing happens if it is held already. */
  put(dag: Dag): Promise<void>;
  /** The bytes of a block of an artifact that is held, unverified; undefined for any other block. */
  read(cid: CID, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  has(digest: Digest): boolean;
  /** Whether a block belongs to an artifact that is held. */
  hasBlock(cid: CID): boolean;
  /** All digests, oldest first. */
  list(): readonly Digest[];
  /** Forgets an artifact and the blocks that no other artifact needs. */
  remove(digest: Digest): Promise<void>;
}
