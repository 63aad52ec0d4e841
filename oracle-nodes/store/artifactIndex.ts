import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CID } from "multiformats/cid";
import type { Dag } from "@concordat/protocol/artifacts/contentAddress";
import type { Digest } from "@concordat/protocol/ids";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";

/** What the index knows of one artifact. */
interface Entry {
  /** Order of arrival in this folder. */
  readonly sequence: number;
  /** CIDs of all its blocks, as text. */
  readonly blocks: readonly string[];
}

/**
 * Which artifacts are held completely, and which blocks belong to them: one small file an artifact, written after its
 * blocks, so an interrupted put leaves nothing that counts. Kept in memory; answers about blocks cost no disk access.
 */
export class ArtifactIndex {
  readonly #folder: string;
  readonly #entries = new Map<Digest, Entry>();
  readonly #references = new Map<string, number>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<ArtifactIndex> {
    await makeFolder(folder);
    const index = new ArtifactIndex(folder);
    for (const name of await readdir(folder)) {
      const entry = /^[0-9a-f]{64}\.json$/.test(name)
        ? parseEntry(await readFile(join(folder, name), "utf8"))
        : undefined;
      if (entry === undefined) await rm(join(folder, name), { recursive: true, force: true });
      else index.#note(`0x${name.slice(0, 64)}` as Digest, entry);
    }
    return index;
  }

  has(digest: Digest): boolean {
    return this.#entries.has(digest);
  }

  /** Whether the block belongs to an artifact that is held. */
  hasBlock(cid: CID): boolean {
    return this.#references.has(cid.toString());
  }

  /** CIDs, as text, of all blocks of all artifacts. */
  blockNames(): Iterable<string> {
    return this.#references.keys();
  }

  /** All digests, oldest first. */
  list(): readonly Digest[] {
    return [...this.#entries].toSorted(([, a], [, b]) => a.sequence - b.sequence).map(([digest]) => digest);
  }

  /** Notes an artifact whose blocks are stored. */
  async add({ digest, blocks }: Dag): Promise<void> {
    if (this.has(digest)) return;
    const sequence = 1 + Math.max(0, ...[...this.#entries.values()].map((entry) => entry.sequence));
    const entry = { sequence, blocks: blocks.map(({ cid }) => cid.toString()) };
    await writeDurably(this.#folder, [{ path: this.#path(digest), bytes: JSON.stringify(entry) }]);
    this.#note(digest, entry);
  }

  /** Forgets an artifact. Returns the blocks that now belong to none. */
  async remove(digest: Digest): Promise<readonly string[]> {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return [];
    await rm(this.#path(digest), { force: true });
    this.#entries.delete(digest);
    return entry.blocks.filter((cid) => {
      const left = (this.#references.get(cid) ?? 1) - 1;
      if (left > 0) this.#references.set(cid, left);
      else this.#references.delete(cid);
      return left === 0;
    });
  }

  #note(digest: Digest, entry: Entry): void {
    this.#entries.set(digest, entry);
    for (const cid of entry.blocks) this.#references.set(cid, (this.#references.get(cid) ?? 0) + 1);
  }

  #path(digest: Digest): string {
    return join(this.#folder, `${digest.slice(2)}.json`);
  }
}

function parseEntry(text: string): Entry | undefined {
  try {
    const { sequence, blocks } = JSON.parse(text) as Partial<Entry>;
    if (typeof sequence !== "number" || !Array.isArray(blocks)) return undefined;
    return { sequence, blocks: blocks.map(String) };
  } catch {
    return undefined;
  }
}
