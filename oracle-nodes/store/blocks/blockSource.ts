import type { CID } from "multiformats/cid";
import type { BlockSink } from "./blockSink.ts";

/** What bounds the reading of one block. */
export interface BlockRequest {
  /** Takes the block's bytes as they arrive, and refuses more than there may be. */
  readonly sink: BlockSink;
  readonly signal: AbortSignal;
}

/** The one who was asked does not hold the block: whoever shares its `provider` need not be asked. */
export class BlockNotHeldError extends Error {}

/** A block that the one who was asked should hold is there no more as it was: a disk has lost or changed its bytes. */
export class BlockDamagedError extends Error {}

/** One place from which blocks may come. Its bytes are verified by whoever asks, so it may lie. */
export interface BlockSource {
  /** As shown in errors. */
  readonly name: string;
  /** The node behind it: sources with the same provider read the same blocks. */
  readonly provider?: string;
  /**
   * Writes the whole block into the sink.
   * @throws {BlockNotHeldError} | {@link ConcordatError} when the reader itself is at fault, which ends the fetch | any
   * other error when the block cannot be had here: the source is then not asked again for this artifact.
   */
  read(cid: CID, request: BlockRequest): Promise<void>;
}

/** What is damaged is not served: others find it elsewhere, and the node itself notices when it reads it. */
export function unlessDamaged(error: unknown): undefined {
  if (!(error instanceof BlockDamagedError)) throw error;
}
