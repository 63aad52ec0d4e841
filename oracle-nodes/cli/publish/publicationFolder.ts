import { constants } from "node:fs";
import { access, mkdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { writeDurably } from "@concordat/files/durableFile";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { formatRecord, parseRecord } from "./publicationRecord.ts";
import type { PublicationRecord } from "@concordat/protocol/terms/publicationRecord";

/** What `--out` holds after a publication. */
export const MANIFEST_FILE = "manifest.json";
export const MODEL_FILE = "initial-model.safetensors";
export const RECORD_FILE = "publication.json";

/**
 * The folder of `--out`. Nothing stands in it before a publication is about to be sent, and what was written is removed when
 * nothing was published; it stays when it is not known whether something was.
 */
export class PublicationFolder {
  readonly path: string;
  readonly #files: TaskFiles;
  /** A publication that was sent from here and whose outcome was not known. */
  readonly pending: PublicationRecord | undefined;
  /** The first of the folders that were made for it. */
  #made: string | undefined;
  #isWritten: boolean;

  private constructor(path: string, files: TaskFiles, pending: PublicationRecord | undefined) {
    this.path = path;
    this.#files = files;
    this.pending = pending;
    this.#isWritten = pending !== undefined;
  }

  /** Whether the task's files stand in it. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /**
   * Looks at the folder without changing anything.
   * @throws {InputError} when it cannot be written, or holds a task that was published already, or another one.
   */
  static async open(dir: string, files: TaskFiles): Promise<PublicationFolder> {
    const path = resolve(dir);
    const [manifest, model, record] = await Promise.all(
      [MANIFEST_FILE, MODEL_FILE, RECORD_FILE].map(async (name) => readIfThere(join(path, name))),
    );
    if (manifest === undefined && model === undefined && record === undefined) {
      await checkWritable(path);
      return new PublicationFolder(path, files, undefined);
    }
    const isSame = isEqual(manifest, files.manifestFile.bytes) && isEqual(model, files.initialModel.bytes);
    const known = record === undefined ? undefined : parseRecord(record.toString("utf8"));
    if (known?.task !== undefined) {
      throw new InputError(`${dir} holds task ${known.task}, which is already published`, {
        hint: "Choose another folder with --out to publish a further task",
      });
    }
    if (!isSame || known === undefined) {
      throw new InputError(`${dir} already holds ${isSame ? "a" : "another"} task`, {
        hint: "Choose another folder with --out",
      });
    }
    return new PublicationFolder(path, files, known);
  }

  /** Writes the task's files and what is about to be sent: whole, or not at all. */
  async write(record: PublicationRecord): Promise<void> {
    try {
      this.#isWritten = true;
      this.#made ??= await mkdir(this.path, { recursive: true });
      await writeDurably(this.path, [
        { path: join(this.path, MODEL_FILE), bytes: this.#files.initialModel.bytes },
        { path: join(this.path, MANIFEST_FILE), bytes: this.#files.manifestFile.bytes },
        { path: join(this.path, RECORD_FILE), bytes: formatRecord(record) },
      ]);
    } catch (cause) {
      await this.remove();
      throw new InputError(`The files cannot be written to ${this.path}`, {
        hint: "Choose another folder with --out",
        cause,
      });
    }
  }

  /** Notes under which number the task was published. */
  async settle(record: PublicationRecord & { readonly task: number }): Promise<void> {
    // An earlier run sent it, and its files are gone.
    if (!this.#isWritten) await this.write(record);
    await writeDurably(this.path, [{ path: join(this.path, RECORD_FILE), bytes: formatRecord(record) }]);
  }

  /** Takes back what was written, and the folders that were made for it. */
  async remove(): Promise<void> {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    for (const name of [RECORD_FILE, MANIFEST_FILE, MODEL_FILE])
      await rm(join(this.path, name), { force: true });
    if (this.#made === undefined) return;
    const first = this.#made;
    for (let dir = this.path; dir.length >= first.length; dir = dirname(dir)) {
      // Somebody else may have put something there meanwhile.
      if (
        !(await rmdir(dir).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    // Below a file there is nothing either: that it cannot become a folder is found out next.
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InputError(`The file ${path} cannot be read`, {
      hint: "Choose another folder with --out",
      cause,
    });
  }
}

function isEqual(found: Buffer | undefined, wanted: Uint8Array): boolean {
  return found !== undefined && Buffer.compare(found, wanted) === 0;
}

/** Whether the folder, or the nearest one above it that there is, can be written. */
async function checkWritable(path: string): Promise<void> {
  let dir = path;
  try {
    for (;;) {
      const found = await stat(dir).catch((error: NodeJS.ErrnoException) => {
        if (["ENOENT", "ENOTDIR"].includes(error.code ?? "") && dirname(dir) !== dir) return undefined;
        throw error;
      });
      if (found?.isDirectory() === true) return await access(dir, constants.W_OK | constants.X_OK);
      if (found !== undefined) throw new Error(`${dir} is not a folder`);
      dir = dirname(dir);
    }
  } catch (cause) {
    throw new InputError(`The files cannot be written to ${path}`, {
      hint: "Choose another folder with --out",
      cause,
    });
  }
}
