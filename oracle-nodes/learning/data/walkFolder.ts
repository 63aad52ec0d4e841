import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file within a folder, or something there that is none. */
export interface Entry {
  /** From the folder that was walked, with "/" between names. */
  readonly path: string;
  readonly size: number;
  /** Time of its last change in ms. */
  readonly changedMs: number;
  /** Set where it cannot be read as a file: why. */
  readonly problem?: "a link that leads nowhere" | "a link in a circle" | "no file";
}

/** What lies in a folder. */
export interface Walked {
  /** In the order of their paths. */
  readonly files: readonly Entry[];
  /** Paths of the folders within, entered or not, in order. */
  readonly folders: readonly string[];
}

/**
 * All files of a folder and of the folders in it. Links are followed, but not in circles. A file
 * that goes while this looks is left out.
 * @param enters Whether a folder is looked into, by its path; all are by default.
 * @throws when a folder cannot be read.
 */
export async function walkFolder(
  folder: string,
  enters: (path: string) => boolean = () => true,
): Promise<Walked> {
  const found: Entry[] = [];
  const folders: string[] = [];
  const walk = async (path: string, above: ReadonlySet<string>): Promise<void> => {
    const here = join(folder, path);
    const real = await realpath(here);
    if (above.has(real)) {
      found.push({ path, size: 0, changedMs: 0, problem: "a link in a circle" });
      return;
    }
    const within = new Set([...above, real]);
    for (const entry of await readdir(here, { withFileTypes: true })) {
      const inner = path === "" ? entry.name : `${path}/${entry.name}`;
      // Follows links, of which the entry itself says nothing.
      const facts = await stat(join(folder, inner)).catch((cause: unknown) => {
        const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
        if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR") return undefined;
        throw cause;
      });
      if (facts === undefined) {
        if (entry.isSymbolicLink())
          found.push({ path: inner, size: 0, changedMs: 0, problem: "a link that leads nowhere" });
      } else if (facts.isDirectory()) {
        folders.push(inner);
        if (enters(inner)) await walk(inner, within);
      } else {
        const { size, mtimeMs: changedMs } = facts;
        found.push({ path: inner, size, changedMs, ...(!facts.isFile() && { problem: "no file" as const }) });
      }
    }
  };
  await walk("", new Set());
  const files = found.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { files, folders: folders.toSorted() };
}
