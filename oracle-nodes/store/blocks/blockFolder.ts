import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as dagPb from "@ipld/dag-pb";
import type { CID } from "multiformats/cid";
import PQueue from "p-queue";
import { matchesCid } from "@concordat/protocol/artifacts/contentAddress";
import type { Digest } from "@concordat/protocol/ids";
import { fileParts, placesIn, readBlock, readRootOf } from "../artifactFile.ts";
import type { BlockPlace } from "../artifactFile.ts";
import type { BlockStorage, WholeArtifact } from "./blockStorage.ts";
import { BlockDamagedError } from "./blockSource.ts";
import { makeFolder, syncFolder, writeDurably, writeWhole } from "@concordat/files/durableFile";
import { RecentArtifacts } from "../recentArtifacts.ts";

/** A file's name: its order of arrival in this folder, and the digest. */
const FILE_NAME = /^(\d{12})-([0-9a-f]{64})$/;

interface Entry {
  readonly name: string;
  readonly root: Uint8Array;
  readonly blocks: ReadonlyMap<string, BlockPlace>;
  /** Whether it is known to survive a crash. */
  readonly isDurable: boolean;
}

/**
 * Whole artifacts in a folder, one file each, which is renamed into place when it is complete: nothing else counts, and is
 * swept. Where each block lies is kept in memory; answers about blocks that are not held, or of artifacts that were used last, cost no disk access.
 */
export class BlockFolder implements BlockStorage {
  readonly #folder: string;
  readonly #recent: RecentArtifacts;
  readonly #entries = new Map<Digest, Entry>();
  /** For each block, the artifacts that have it. */
  readonly #owners = new Map<string, Set<Digest>>();
  /** Changes run one after another. */
  readonly #changes = new PQueue({ concurrency: 1 });
  #sequence = 0;
  #swept = 0;

  private constructor(folder: string, recent: RecentArtifacts) {
    this.#folder = folder;
    this.#recent = recent;
  }

  /** @param recent Where verified bytes may stand, of this folder's artifacts and of others: the store's. */
  static async open(path: string, recent = new RecentArtifacts(0)): Promise<BlockFolder> {
    await makeFolder(path);
    const folder = new BlockFolder(path, recent);
    for (const name of (await readdir(path)).toSorted()) {
      const [, sequence = "", hex = ""] = FILE_NAME.exec(name) ?? [];
      const digest = `0x${hex}` as Digest;
      const root = hex === "" ? undefined : await readRootOf(join(path, name), digest);
      if (root === undefined || folder.has(digest)) {
        if (hex !== "" && root === undefined) folder.#swept++;
        await rm(join(path, name), { recursive: true, force: true });
      } else {
        folder.#sequence = Number(sequence);
        folder.#note(digest, { name, root, blocks: placesIn(digest, root), isDurable: false });
      }
    }
    return folder;
  }

  /** Artifacts that were not whole when the folder was opened, and are forgotten: a crash or the disk cut them short. */
  get swept(): number {
    return this.#swept;
  }

  async put(artifact: WholeArtifact): Promise<void> {
    await this.#changes.add(async () => {
      if (this.#entries.get(artifact.dag.digest)?.isDurable !== true) await this.#write(artifact, true);
    });
  }

  async putCopy(artifact: WholeArtifact): Promise<void> {
    await this.#changes.add(async () => {
      if (!this.has(artifact.dag.digest)) await this.#write(artifact, false);
    });
  }

  /** Renames the file where both are folders of one file system. */
  async take(digest: Digest, from: BlockStorage): Promise<boolean> {
    if (!(from instanceof BlockFolder)) return false;
    const taken = await this.#changes.add(async () =>
      from.#changes.add(async () => this.#rename(digest, from)),
    );
    return taken === true;
  }

  async read(cid: CID): Promise<Uint8Array | undefined> {
    const text = cid.toString();
    let damaged: Digest | undefined;
    for (const digest of this.#owners.get(text) ?? []) {
      const entry = this.#entries.get(digest);
      const place = entry?.blocks.get(text);
      if (entry === undefined || place === undefined) continue;
      if (cid.code === dagPb.code) return entry.root;
      const known = this.#recent.get(digest);
      if (known !== undefined) return known.subarray(place.start, place.start + place.length);
      const bytes = await readBlock(join(this.#folder, entry.name), place).catch(ignoreLoss);
      if (bytes !== undefined && (await matchesCid(cid, bytes))) return bytes;
      // Removed while it was read, perhaps: then nothing is wrong.
      if (this.#entries.get(digest) === entry) damaged = digest;
    }
    if (damaged !== undefined)
      throw new BlockDamagedError(`block ${text} of ${damaged} is damaged on this disk`);
    return undefined;
  }

  has(digest: Digest): boolean {
    return this.#entries.has(digest);
  }

  hasBlock(cid: CID): boolean {
    return this.#owners.has(cid.toString());
  }

  list(): readonly Digest[] {
    return [...this.#entries.keys()];
  }

  async remove(digest: Digest): Promise<void> {
    await this.#changes.add(async () => {
      const entry = this.#forget(digest);
      if (entry !== undefined) await rm(join(this.#folder, entry.name), { force: true });
    });
  }

  async #write(artifact: WholeArtifact, isDurable: boolean): Promise<void> {
    const { digest, blocks } = artifact.dag;
    const name = this.#entries.get(digest)?.name ?? this.#newName(digest);
    const file = { path: join(this.#folder, name), bytes: fileParts(artifact) };
    await (isDurable ? writeDurably(this.#folder, [file]) : writeWhole(file));
    const root = blocks.at(-1)?.bytes ?? new Uint8Array();
    this.#note(digest, { name, root, blocks: placesIn(digest, root), isDurable });
  }

  async #rename(digest: Digest, from: BlockFolder): Promise<boolean> {
    const entry = from.#entries.get(digest);
    if (entry === undefined) return false;
    if (this.#entries.get(digest)?.isDurable !== true) {
      const name = this.#entries.get(digest)?.name ?? this.#newName(digest);
      const isMoved = await moved(join(from.#folder, entry.name), join(this.#folder, name));
      if (!isMoved) return false;
      await syncFolder(this.#folder);
      this.#note(digest, { ...entry, name });
    }
    from.#forget(digest);
    await rm(join(from.#folder, entry.name), { force: true });
    return true;
  }

  #newName(digest: Digest): string {
    return `${String(++this.#sequence).padStart(12, "0")}-${digest.slice(2)}`;
  }

  #note(digest: Digest, entry: Entry): void {
    this.#entries.set(digest, entry);
    for (const block of entry.blocks.keys()) {
      const owners = this.#owners.get(block) ?? new Set();
      this.#owners.set(block, owners.add(digest));
    }
  }

  #forget(digest: Digest): Entry | undefined {
    const entry = this.#entries.get(digest);
    this.#entries.delete(digest);
    for (const block of entry?.blocks.keys() ?? []) {
      const owners = this.#owners.get(block);
      owners?.delete(digest);
      if (owners?.size === 0) this.#owners.delete(block);
    }
    return entry;
  }
}

/** Renames a file; false where it is gone. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    return false;
  }
}

/** A file that is gone, or that the disk cannot read any more, is a loss; anything else is a fault of this machine's state. */
function ignoreLoss(error: unknown): undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOENT" && code !== "EIO") throw error;
}
