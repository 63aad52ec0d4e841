import type { Digest } from "@concordat/protocol/ids";

/** Bytes of artifacts that a store keeps in memory: a few models of the usual size. */
export const RECENT_BYTES = 64 << 20;

/** The bytes of the artifacts used last, as many as fit: a round reads and serves the same few models several times. */
export class RecentArtifacts {
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #artifacts = new Map<Digest, Uint8Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): Uint8Array | undefined {
    const bytes = this.#artifacts.get(digest);
    if (bytes !== undefined) this.add(digest, bytes);
    return bytes;
  }

  /** Remembers verified bytes; forgets the ones unused for longest where there is no room, or these if they are too many. */
  add(digest: Digest, bytes: Uint8Array): void {
    this.forget(digest);
    this.#artifacts.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const oldest of this.#artifacts.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(oldest);
    }
  }

  forget(digest: Digest): void {
    this.#bytes -= this.#artifacts.get(digest)?.length ?? 0;
    this.#artifacts.delete(digest);
  }
}
