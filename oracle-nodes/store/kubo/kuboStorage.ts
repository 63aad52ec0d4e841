import type { KuboRPCClient } from "kubo-rpc-client";
import * as dagPb from "@ipld/dag-pb";
import type { CID } from "multiformats/cid";
import PQueue from "p-queue";
import { cidFromDigest } from "@concordat/protocol/artifacts/contentAddress";
import type { Block } from "@concordat/protocol/artifacts/contentAddress";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import { ArtifactIndex } from "../artifactIndex.ts";
import type { BlockStorage, WholeArtifact } from "../blocks/blockStorage.ts";
import { BlockDamagedError } from "../blocks/blockSource.ts";

/** Milliseconds that one call to Kubo may take. */
const CALL_TIMEOUT_MS = 60_000;

/**
 * Whole artifacts in a Kubo node, pinned. Our importer makes the blocks and Kubo only stores them: its own `add` would
 * name small files by their bare leaf. A local index knows which pins are ours, so nothing else that the node holds is
 * served or removed.
 */
export class KuboStorage implements BlockStorage {
  readonly #kubo: KuboRPCClient;
  readonly #index: ArtifactIndex;
  /** Puts and removes run one after another, since the index counts shared blocks. */
  readonly #changes = new PQueue({ concurrency: 1 });

  private constructor(kubo: KuboRPCClient, index: ArtifactIndex) {
    this.#kubo = kubo;
    this.#index = index;
  }

  static async open(kubo: KuboRPCClient, indexFolder: string): Promise<KuboStorage> {
    return new KuboStorage(kubo, await ArtifactIndex.open(indexFolder));
  }

  async put({ dag }: WholeArtifact): Promise<void> {
    await this.#changes.add(async () => {
      if (this.#index.has(dag.digest)) return;
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      for (const block of dag.blocks) await this.#upload(block, signal);
      await answered(this.#kubo.pin.add(dag.root, { recursive: true, signal }));
      await this.#index.add(dag);
    });
  }

  async putCopy(artifact: WholeArtifact): Promise<void> {
    await this.put(artifact);
  }

  async take(): Promise<boolean> {
    return false;
  }

  async read(cid: CID, signal = AbortSignal.timeout(CALL_TIMEOUT_MS)): Promise<Uint8Array | undefined> {
    if (!this.#index.hasBlock(cid)) return undefined;
    try {
      const options = { signal, offline: true };
      return await this.#kubo.block.get(cid, options);
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      if (message.includes("different hash"))
        throw new BlockDamagedError(`block ${cid} is damaged in the Kubo node`, { cause: error });
      if (message.includes("could not find"))
        throw new BlockDamagedError(`block ${cid} is lost in the Kubo node`, { cause: error });
      throw error;
    }
  }

  has(digest: Digest): boolean {
    return this.#index.has(digest);
  }

  hasBlock(cid: CID): boolean {
    return this.#index.hasBlock(cid);
  }

  list(): readonly Digest[] {
    return this.#index.list();
  }

  /** Unpins; the node's garbage collection frees the blocks. */
  async remove(digest: Digest): Promise<void> {
    await this.#changes.add(async () => {
      if (!this.#index.has(digest)) return;
      const options = { recursive: true, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) };
      await answered(this.#kubo.pin.rm(cidFromDigest(digest), options).catch(ignoreUnpinned));
      await this.#index.remove(digest);
    });
  }

  async #upload({ cid, bytes }: Block, signal: AbortSignal): Promise<void> {
    const options = {
      signal,
      cidCodec: cid.code === dagPb.code ? "dag-pb" : "raw",
      mhtype: "sha2-256",
      pin: false,
    };
    const stored = await answered(this.#kubo.block.put(bytes, options));
    if (!stored.equals(cid))
      throw new ConcordatError(`Kubo stored block ${cid} as ${stored}`, { hint: "Use Kubo 0.35 or later" });
  }
}

async function answered<T>(call: Promise<T>): Promise<T> {
  return call.catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConcordatError(`The Kubo node failed: ${reason}`, {
      hint: "Check that it is running and has space",
      cause,
    });
  });
}

function ignoreUnpinned(error: unknown): void {
  if (!(error instanceof Error && error.message.includes("not pinned"))) throw error;
}
