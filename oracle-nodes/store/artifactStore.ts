import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";

/** Nobody who was asked holds the artifact, or nobody could be reached. */
export class ArtifactMissingError extends ArtifactError {}

/** The artifact did not arrive in time. */
export class ArtifactTimeoutError extends ArtifactError {}

/** The artifact is larger than the caller allows. Known from its root, before any of its content is fetched. */
export class ArtifactTooLargeError extends ArtifactError {}

/** Bytes that do not hash to what they should, or a DAG that our importer would not have built. */
export class ArtifactCorruptError extends ArtifactError {}

/** The digest names a DAG that our importer would not have built: whoever fetches it finds the same. */
export class ArtifactNotCanonicalError extends ArtifactCorruptError {}

/** How far a caller goes to get an artifact. */
export interface FetchOptions {
  /** The artifact's bytes at most, for instance `maxArtifactBytes(specs)`. */
  readonly maxBytes: number;
  /** Milliseconds for everything together, local reads and retries included. */
  readonly timeoutMs: number;
  /** Ends the fetch early: `get` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Endpoint strings of nodes that may hold it, as NodeRegistry gives them, likeliest first. Bad ones are ignored. A
   * function is asked only where the artifact is not here, or not any more.
   */
  readonly providers?: readonly string[] | (() => Promise<readonly string[]>);
}

/** What a store meets in what it keeps. */
export interface StoreNews {
  /** Artifacts that were cut short when the store was opened, and are forgotten. */
  readonly swept?: (count: number) => void;
  /** An artifact whose bytes are not what they were is forgotten; it is fetched from others when it is needed. */
  readonly damaged?: (digest: Digest, reason: string) => void;
  /** An artifact that was damaged or lost is here again: others had it. */
  readonly restored?: (digest: Digest) => void;
}

/** How an artifact is put. */
export interface PutOptions {
  /** Keep it from everyone else until {@link ArtifactStore.release}, also over a restart. */
  readonly withhold?: boolean;
}

/**
 * Content-addressed artifacts: a node's own, and verified copies of what it fetched from others. Everything it holds and
 * does not withhold, it serves to anyone.
 */
export interface ArtifactStore {
  /**
   * Stores bytes, which nobody may change from now on, and resolves once they would survive a crash. Putting again without
   * `withhold` releases.
   */
  put(bytes: Uint8Array, options?: PutOptions): Promise<Digest>;
  /**
   * The bytes of an artifact, verified: from here if held, else from `providers`, and then kept, though a crash may lose
   * them. Others get the same array: nobody may change it.
   * @throws {ArtifactMissingError} | {@link ArtifactTimeoutError} | {@link ArtifactTooLargeError} | {@link ArtifactCorruptError}
   */
  get(digest: Digest, options: FetchOptions): Promise<Uint8Array>;
  /** Whether it is held here, withheld or not. */
  has(digest: Digest): Promise<boolean>;
  /** Starts to serve a withheld artifact. Nothing happens if it is served already. @throws {ArtifactMissingError} */
  release(digest: Digest): Promise<void>;
  /** Everything held, withheld or not, oldest first. */
  list(): Promise<readonly Digest[]>;
  /** Forgets an artifact; blocks that others share stay. Nothing happens if it is not held. */
  remove(digest: Digest): Promise<void>;
  /** Where others reach this store, to be published in NodeRegistry (see endpoints.ts). */
  endpoints(): string;
  /** Bytes of blocks that were sent to others since it was opened, not those that a Kubo node sent by itself. */
  sentBytes(): number;
  /** Stops serving and frees ports and locks. */
  close(): Promise<void>;
}
