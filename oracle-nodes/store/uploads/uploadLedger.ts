import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import PQueue from "p-queue";
import { z } from "zod";
import type { Digest } from "@concordat/protocol/ids";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";

/** A file that somebody handed over, as the ledger knows it. */
export interface UploadRecord {
  readonly digest: Digest;
  readonly bytes: number;
  /** When each account handed it over last, in unix seconds, by address in lower case: each is charged for it. */
  readonly owners: Readonly<Record<string, number>>;
  /** Whether a published task was seen to name it: then it stays. */
  readonly isNamed: boolean;
}

const recordSchema = z.strictObject({
  bytes: z.number().int().min(0),
  owners: z.record(z.string(), z.number().int()),
  isNamed: z.boolean(),
});
const FILE_NAME = /^([0-9a-f]{64})\.json$/;

/**
 * Who has handed over what, in a small file for each artifact, so that quotas and times hold over restarts. A record is
 * written before its artifact is stored: what nobody is charged for is never on the disk.
 */
export class UploadLedger {
  readonly #folder: string;
  readonly #records = new Map<Digest, UploadRecord>();
  /** Writes run one after another, so that the last one of a record is what stands there. */
  readonly #writes = new PQueue({ concurrency: 1 });
  #damaged = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<UploadLedger> {
    await makeFolder(folder);
    const ledger = new UploadLedger(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const [, hex] = FILE_NAME.exec(name) ?? [];
      if (hex === undefined) await rm(path, { recursive: true, force: true });
      else ledger.#keep(await ledger.#read(`0x${hex}` as Digest, path));
    }
    return ledger;
  }

  /** Records that could not be read: their files are charged to nobody any more, and go in their time like all others. */
  get damaged(): number {
    return this.#damaged;
  }

  get(digest: Digest): UploadRecord | undefined {
    return this.#records.get(digest);
  }

  all(): readonly UploadRecord[] {
    return [...this.#records.values()];
  }

  /** Bytes that an account is charged for. */
  chargedTo(account: string): number {
    return this.all().reduce((sum, { owners, bytes }) => sum + (account in owners ? bytes : 0), 0);
  }

  /** When the file was handed over last, in unix seconds. */
  static lastOf({ owners }: UploadRecord): number {
    return Math.max(0, ...Object.values(owners));
  }

  /** Charges an account for a file from now on, and resolves once that survives a crash. @throws {ConcordatError} on a full disk. */
  async charge(file: { digest: Digest; bytes: number }, account: string, at: number): Promise<void> {
    const before = this.#records.get(file.digest);
    const owners = { ...before?.owners, [account]: at };
    try {
      await this.#write({ ...file, owners, isNamed: before?.isNamed ?? false });
    } catch (error) {
      if (before === undefined) this.#records.delete(file.digest);
      else this.#records.set(file.digest, before);
      throw error;
    }
  }

  /** Notes that a task names the file. */
  async name(digest: Digest): Promise<void> {
    const record = this.#records.get(digest);
    if (record !== undefined) await this.#write({ ...record, isNamed: true });
  }

  /** Charges nobody for it any more. */
  async forget(digest: Digest): Promise<void> {
    if (!this.#records.delete(digest)) return;
    await this.#writes.add(async () => {
      if (!this.#records.has(digest)) await rm(this.#path(digest), { force: true });
    });
  }

  async #write(record: UploadRecord): Promise<void> {
    this.#keep(record);
    const { digest, ...rest } = record;
    await this.#writes.add(async () => {
      await writeDurably(this.#folder, [{ path: this.#path(digest), bytes: JSON.stringify(rest) }]);
    });
  }

  async #read(digest: Digest, path: string): Promise<UploadRecord> {
    try {
      return { digest, ...recordSchema.parse(JSON.parse(await readFile(path, "utf8"))) };
    } catch {
      this.#damaged++;
      const { mtimeMs } = await stat(path);
      return { digest, bytes: 0, owners: { "": Math.floor(mtimeMs / 1000) }, isNamed: false };
    }
  }

  #keep(record: UploadRecord): void {
    this.#records.set(record.digest, record);
  }

  #path(digest: Digest): string {
    return join(this.#folder, `${digest.slice(2)}.json`);
  }
}
