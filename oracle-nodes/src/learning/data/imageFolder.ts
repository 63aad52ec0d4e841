import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../../protocol/errors.ts";
import type { Dataset, Split } from "../dataset.ts";
import { imageFolderTerms } from "./ownTerms.ts";
import { decodePicture, fitPicture } from "./picture.ts";
import { isForTests } from "./stableSplit.ts";

const PICTURE = /\.(png|jpe?g)$/i;

/** Where the classes' folders stand, and which of their files belong to a split. */
interface Source {
  readonly root: string;
  readonly takes: (name: string) => boolean;
}

/**
 * Loads pictures (PNG, JPEG) from a folder of each class. With the folders train/ and test/ they are the splits; without
 * them about one picture in five is for tests, chosen by its class and name.
 *
 * @param wanted The classes in order and the shape to bring pictures to. Without classes they are the folders, sorted.
 * @throws {InputError} naming the folder that is no class, or the file that is no picture.
 */
export async function loadImageFolder(
  wanted: { readonly classNames?: readonly string[]; readonly inputShape?: readonly number[] },
  directory: string,
): Promise<Dataset> {
  const top =
    (await foldersIn(join(directory, "image-folder"))) === undefined
      ? directory
      : join(directory, "image-folder");
  const folders = await foldersIn(top);
  if (folders === undefined) {
    throw new InputError(`There is no folder ${top}`, {
      hint: "Give a folder that holds a folder of each class",
    });
  }
  const isSplit = folders.includes("train") && folders.includes("test");
  const [train, test]: [Source, Source] = isSplit
    ? [
        { root: join(top, "train"), takes: () => true },
        { root: join(top, "test"), takes: () => true },
      ]
    : [
        { root: top, takes: (name) => !isForTests(name) },
        { root: top, takes: isForTests },
      ];
  const classNames = [...(wanted.classNames ?? (await foldersIn(train.root)) ?? [])];
  if (classNames.length < 2) {
    throw new InputError(`${train.root} has ${classNames.length} folders of classes`, {
      hint: "Put the pictures of each class into a folder of its name, two at least",
    });
  }
  const terms = imageFolderTerms(classNames, wanted.inputShape);
  return {
    ...terms,
    train: await loadSplit(train, classNames, terms.inputShape),
    test: await loadSplit(test, classNames, terms.inputShape),
  };
}

async function loadSplit(
  { root, takes }: Source,
  classNames: readonly string[],
  [height = 1, width = 1, channels = 1]: readonly number[],
): Promise<Split> {
  const folders = (await foldersIn(root)) ?? [];
  const foreign = folders.find((folder) => !classNames.includes(folder));
  if (foreign !== undefined) {
    throw new InputError(`${join(root, foreign)} is none of the task's classes`, {
      hint: `They are ${classNames.slice(0, 20).join(", ")}`,
    });
  }
  const files: { path: string; label: number }[] = [];
  for (const [label, folder] of classNames.entries()) {
    if (!folders.includes(folder)) continue;
    const names = (await readdir(join(root, folder))).filter((name) => PICTURE.test(name)).toSorted();
    for (const name of names) {
      if (takes(`${folder}/${name}`)) files.push({ path: join(root, folder, name), label });
    }
  }
  const size = height * width * channels;
  const features = new Uint8Array(files.length * size);
  for (const [index, { path }] of files.entries()) {
    features.set(fitPicture(await readPicture(path), height, width, channels), index * size);
  }
  return { features, labels: Uint16Array.from(files, ({ label }) => label), count: files.length };
}

async function readPicture(path: string) {
  try {
    return decodePicture(await readFile(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path} is no picture that can be read: ${why}`, {
      hint: "Replace it or take it out",
      cause,
    });
  }
}

/** Names of the folders in a folder, sorted; undefined when there is no such folder. */
async function foldersIn(path: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .toSorted();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InputError(`${path} cannot be read (${String(code)})`, {
      hint: "Check the folder and its rights",
      cause,
    });
  }
}
