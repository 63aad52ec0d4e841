import { InputError } from "@concordat/protocol/errors";
import type { SkippedFiles } from "./dataReport.ts";
import { isLeftover } from "./leftovers.ts";
import { isPictureName, otherFormatOf } from "./pictures/fileFormats.ts";
import type { Entry, Walked } from "./walkFolder.ts";

/** Files in the folder itself that belong to it and are no data. */
const OWN_FILES: ReadonlySet<string> = new Set(["schema.json", "fetched.json"]);

/** A picture by its place. */
export interface PictureFile {
  /** Within the folder that was walked. */
  readonly path: string;
  /** The class, as it is called. */
  readonly className: string;
  /** The class and the path within it, by which a picture is known whatever else comes. */
  readonly name: string;
}

/** What a folder of classes holds. */
export interface ClassFolders {
  /** The classes' names, sorted, each with its folders as they are on the disk. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  readonly pictures: readonly PictureFile[];
  readonly skipped: readonly SkippedFiles[];
}

/**
 * Sorts the files of some folders of classes, nested ones too: pictures that are read, and the rest by why it is not.
 * @param roots Folders that hold the folders of classes.
 * @throws {InputError} when two folders have the same name but for the case.
 */
export function classFolders({ files, folders }: Walked, roots: readonly string[]): ClassFolders {
  const skipped = new Map<string, string[]>();
  const skip = (what: string, path: string): void => {
    const known = skipped.get(what);
    if (known === undefined) skipped.set(what, [path]);
    else known.push(path);
  };
  for (const folder of folders) if (isLeftover(folder)) skip(LEFT, `${folder}/`);

  const pictures: PictureFile[] = [];
  for (const root of roots) {
    const prefix = root === "" ? "" : `${root}/`;
    for (const file of files) {
      if (!file.path.startsWith(prefix)) continue;
      const inner = file.path.slice(prefix.length).normalize("NFC");
      const reason = reasonToSkip(file, inner);
      if (reason === undefined)
        pictures.push({ path: file.path, name: inner, className: inner.slice(0, inner.indexOf("/")) });
      else if (reason !== "") skip(reason, file.path);
    }
  }
  return {
    classes: classesOf(folders, roots),
    pictures,
    skipped: [...skipped].map(([what, paths]) => ({ what, files: paths })),
  };
}

const LEFT = "left by an operating system or a program";

/** Why a file is skipped, undefined where it is a picture; empty where nobody need know. */
function reasonToSkip({ path, problem }: Entry, inner: string): string | undefined {
  if (isLeftover(path)) return LEFT;
  if (OWN_FILES.has(path)) return "";
  if (problem !== undefined) return PROBLEMS[problem];
  const format = otherFormatOf(path);
  if (format !== undefined) return `of a format that is not read (${format})`;
  if (!isPictureName(path)) return "of other kinds than pictures";
  return inner.includes("/") ? undefined : "beside the folders of classes";
}

const PROBLEMS = {
  "a link that leads nowhere": "linked to nothing",
  "a link in a circle": "linked in a circle",
  "no file": "of a kind that cannot be read",
} as const;

function classesOf(folders: readonly string[], roots: readonly string[]): Map<string, readonly string[]> {
  const classes = new Map<string, string[]>();
  const names = new Map<string, string>();
  for (const root of roots) {
    const prefix = root === "" ? "" : `${root}/`;
    for (const path of folders) {
      const inner = path.slice(prefix.length);
      if (!path.startsWith(prefix) || inner.includes("/") || isLeftover(path)) continue;
      // One letter may be written in two ways; systems differ in which they keep.
      const name = inner.normalize("NFC");
      const twin = names.get(name.toLowerCase());
      if (twin !== undefined && twin !== name) {
        throw new InputError(`The classes ${twin} and ${name} differ only in capitals`, {
          hint: "Put their pictures into one folder: many file systems cannot tell them apart",
        });
      }
      names.set(name.toLowerCase(), name);
      classes.set(name, [...(classes.get(name) ?? []), path]);
    }
  }
  return new Map([...classes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** How many files of some folders were skipped, and why, in words; empty where none were. */
export function skippedWithin(skipped: readonly SkippedFiles[], folders: readonly string[]): string {
  const isWithin = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
  return skipped
    .filter(({ what }) => what !== LEFT)
    .map(({ what, files }) => ({ what, count: files.filter(isWithin).length }))
    .filter(({ count }) => count > 0)
    .map(({ what, count }) => `${count} ${count === 1 ? "file" : "files"} ${what}`)
    .join(", ");
}
