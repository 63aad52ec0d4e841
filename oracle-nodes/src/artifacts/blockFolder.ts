import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CID } from "multiformats/cid";
import PQueue from "p-queue";
import type { Dag } from "../../../protocol/contentAddress.ts";
import type { Digest } from "../../../protocol/ids.ts";
import { ArtifactIndex } from "./artifactIndex.ts";
import type { BlockHolder } from "./blockHolder.ts";
import { makeFolder, writeDurably } from "./durableFile.ts";

/** Whole artifacts in a folder, one file a block. Survives a crash at any moment: what was put stays, the rest is swept. */
export class BlockFolder implements BlockHolder {
  readonly #blocks: string;
  readonly #index: ArtifactIndex;
  /** Puts and removes run one after another, since artifacts may share blocks. */
  readonly #changes = new PQueue({ concurrency: 1 });

  private constructor(blocks: string, index: ArtifactIndex) {
    this.#blocks = blocks;
    this.#index = index;
  }

  static async open(folder: string): Promise<BlockFolder> {
    const blocks = join(folder, "blocks");
    await makeFolder(blocks);
    const index = await ArtifactIndex.open(join(folder, "index"));
    const needed = new Set(index.blockNames());
    for (const name of await readdir(blocks)) {
      if (!needed.has(name)) await rm(join(blocks, name), { force: true });
    }
    return new BlockFolder(blocks, index);
  }

  async put(dag: Dag): Promise<void> {
    await this.#changes.add(async () => {
      if (this.#index.has(dag.digest)) return;
      const files = dag.blocks.map(({ cid, bytes }) => ({ path: join(this.#blocks, cid.toString()), bytes }));
      await writeDurably(this.#blocks, files);
      await this.#index.add(dag);
    });
  }

  async read(cid: CID, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    if (!this.#index.hasBlock(cid)) return undefined;
    try {
      return await readFile(join(this.#blocks, cid.toString()), signal === undefined ? {} : { signal });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
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

  async remove(digest: Digest): Promise<void> {
    await this.#changes.add(async () => {
      for (const name of await this.#index.remove(digest))
        await rm(join(this.#blocks, name), { force: true });
    });
  }
}
