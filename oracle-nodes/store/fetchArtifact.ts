import type { CID } from "multiformats/cid";
import {
  CHUNK_BYTES,
  MAX_ROOT_BYTES,
  cidFromDigest,
  matchesCid,
  readRoot,
} from "@concordat/protocol/artifacts/contentAddress";
import type { Block, DagLayout } from "@concordat/protocol/artifacts/contentAddress";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import {
  ArtifactCorruptError,
  ArtifactMissingError,
  ArtifactNotCanonicalError,
  ArtifactTimeoutError,
  ArtifactTooLargeError,
} from "./artifactStore.ts";
import type { WholeArtifact } from "./blocks/blockStorage.ts";
import { BlockSink } from "./blocks/blockSink.ts";
import { BlockDamagedError, BlockNotHeldError } from "./blocks/blockSource.ts";
import { untilAborted } from "@concordat/protocol/untilAborted";
import type { BlockSource } from "./blocks/blockSource.ts";

/** Leaves under way at once: with 1 MiB each, enough to fill a link and little to hold. */
const CONCURRENCY = 4;

/** What bounds the fetching of one artifact. */
export interface FetchBounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why a source was given up. */
type Fault = "corrupt" | "timeout" | "missing";

/**
 * Collects an artifact block by block from the first source that has each, verifying every block against its CID before
 * use. A source that fails is left, and the next goes on where it stopped. The root comes first, so size and form are
 * known before any content. The root is one that our importer writes, and every leaf has the name and size that it tells:
 * so importing the bytes again would give the same root, and any other DAG disqualifies.
 * @throws {ArtifactMissingError} | {@link ArtifactTimeoutError} | {@link ArtifactTooLargeError} | {@link ArtifactCorruptError}
 */
export async function fetchArtifact(
  digest: Digest,
  sources: readonly BlockSource[],
  bounds: FetchBounds,
): Promise<WholeArtifact> {
  const deadline = AbortSignal.timeout(bounds.timeoutMs);
  const signal = bounds.signal === undefined ? deadline : AbortSignal.any([bounds.signal, deadline]);
  const fetcher = new BlockFetcher(digest, sources, signal, bounds.timeoutMs);
  try {
    const cid = cidFromDigest(digest);
    // A copy, since whoever keeps the root would keep all of the room that it may have needed.
    const root = { cid, bytes: (await fetcher.fetch(cid, new Uint8Array(MAX_ROOT_BYTES))).slice() };
    const layout = parseRoot(digest, root.bytes);
    if (layout.size > bounds.maxBytes) {
      throw new ArtifactTooLargeError(
        `Artifact ${digest} has ${layout.size} bytes, but at most ${bounds.maxBytes} are allowed here`,
        { facts: { digest, bytes: layout.size, maxBytes: bounds.maxBytes } },
      );
    }
    const bytes = await fetchLeaves(fetcher, digest, layout);
    return { bytes, dag: { root: cid, digest, blocks: [...distinctLeaves(bytes, layout), root] } };
  } catch (cause) {
    bounds.signal?.throwIfAborted();
    if (deadline.aborted) {
      throw new ArtifactTimeoutError(`Artifact ${digest} did not arrive within ${bounds.timeoutMs} ms`, {
        facts: { digest },
        cause,
      });
    }
    throw cause;
  }
}

function parseRoot(digest: Digest, root: Uint8Array): DagLayout {
  try {
    return readRoot(root);
  } catch (cause) {
    throw notCanonical(digest, cause);
  }
}

function notCanonical(digest: Digest, cause?: unknown): ArtifactNotCanonicalError {
  return new ArtifactNotCanonicalError(
    `Artifact ${digest} is not a canonical DAG: importing its content gives another root`,
    {
      facts: { digest },
      cause,
    },
  );
}

async function fetchLeaves(
  fetcher: BlockFetcher,
  digest: Digest,
  { size, leaves }: DagLayout,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const pending = leaves.entries();
  const worker = async (): Promise<void> => {
    for (const [i, leaf] of pending) {
      const start = i * CHUNK_BYTES;
      const block = await fetcher.fetch(leaf.cid, bytes.subarray(start, start + leaf.size));
      if (block.length !== leaf.size) throw notCanonical(digest);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return bytes;
}

function distinctLeaves(bytes: Uint8Array, { leaves }: DagLayout): Iterable<Block> {
  const blocks = new Map<string, Block>();
  for (const [i, { cid, size }] of leaves.entries()) {
    const start = i * CHUNK_BYTES;
    blocks.set(cid.toString(), { cid, bytes: bytes.subarray(start, start + size) });
  }
  return blocks.values();
}

function faultOf(error: unknown, hasTimedOut: boolean): Fault {
  if (hasTimedOut) return "timeout";
  return error instanceof BlockDamagedError ? "corrupt" : "missing";
}

/** Fetches the blocks of one artifact, and remembers which sources are of no use for it. */
class BlockFetcher {
  readonly #digest: Digest;
  readonly #faults = new Map<BlockSource, { readonly fault: Fault; readonly reason: string }>();
  readonly #sources: readonly BlockSource[];
  readonly #signal: AbortSignal;
  /** When the whole fetch ends, in milliseconds of the monotonic clock. */
  readonly #end: number;

  constructor(digest: Digest, sources: readonly BlockSource[], signal: AbortSignal, timeoutMs: number) {
    this.#digest = digest;
    this.#sources = sources;
    this.#signal = signal;
    this.#end = performance.now() + timeoutMs;
  }

  /** Fetches a block into `room`, and returns the part that it fills, verified. */
  async fetch(cid: CID, room: Uint8Array): Promise<Uint8Array> {
    for (;;) {
      this.#signal.throwIfAborted();
      const left = this.#sources.filter((source) => !this.#faults.has(source));
      const [source] = left;
      if (source === undefined) throw this.#unavailable();
      // One source that never answers must leave time for the others.
      const share = Math.max(1, Math.ceil((this.#end - performance.now()) / left.length));
      const bytes = await this.#try(source, cid, room, AbortSignal.timeout(share));
      if (bytes !== undefined) return bytes;
    }
  }

  async #try(
    source: BlockSource,
    cid: CID,
    room: Uint8Array,
    timeout: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const signal = AbortSignal.any([this.#signal, timeout]);
    const sink = new BlockSink(room);
    try {
      await untilAborted(source.read(cid, { sink, signal }), signal);
      sink.close();
      if (await matchesCid(cid, sink.bytes)) return sink.bytes;
      this.#faults.set(source, {
        fault: "corrupt",
        reason: `${source.name} gave wrong bytes for block ${cid}`,
      });
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof ConcordatError && !timeout.aborted) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const reason = timeout.aborted ? `${source.name} did not answer` : `${source.name}: ${message}`;
      const fault = faultOf(error, timeout.aborted);
      for (const same of error instanceof BlockNotHeldError ? this.#sameProvider(source) : [source]) {
        this.#faults.set(same, { fault, reason });
      }
    } finally {
      sink.close();
    }
    return undefined;
  }

  #sameProvider(source: BlockSource): readonly BlockSource[] {
    return this.#sources.filter((other) => other === source || (other.provider ?? other) === source.provider);
  }

  /** The worst of what was met, so that wrong bytes are never reported as mere absence. */
  #unavailable(): Error {
    const faults = [...this.#faults.values()];
    const facts = { digest: this.#digest, sources: this.#sources.length };
    const reasons = [...new Set(faults.map(({ reason }) => reason))].join("; ");
    const because = reasons === "" ? "no provider is known" : reasons;
    if (faults.some(({ fault }) => fault === "corrupt")) {
      return new ArtifactCorruptError(`Artifact ${this.#digest} came with wrong bytes: ${because}`, {
        facts,
      });
    }
    if (faults.some(({ fault }) => fault === "timeout")) {
      return new ArtifactTimeoutError(`Artifact ${this.#digest} did not arrive: ${because}`, { facts });
    }
    return new ArtifactMissingError(`Artifact ${this.#digest} is missing: ${because}`, { facts });
  }
}
