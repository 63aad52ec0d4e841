import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import type { Dataset, Split } from "./dataset.ts";
import { type ClassFolders, classFolders, type PictureFile, skippedWithin } from "./classFolders.ts";
import { namesOf, type SkippedFiles } from "./dataReport.ts";
import { type FolderLayout, folderLayout } from "./folderLayout.ts";
import { isLeftover } from "./leftovers.ts";
import { imageFolderTerms } from "./ownTerms.ts";
import { decodePicture, fitPicture } from "./picture.ts";
import { isForTests } from "./stableSplit.ts";
import { walkFolder, type Walked } from "./walkFolder.ts";

/** What a node's task says about the pictures; nothing where a publisher describes an example. */
interface WantedPictures {
  readonly classNames?: readonly string[];
  readonly inputShape?: readonly number[];
}

/** What was done to pictures that their owner would want to know, by their paths. */
interface Remarks {
  readonly transparent: string[];
  readonly turned: string[];
  readonly blank: string[];
}

/**
 * Loads pictures (PNG, JPEG) from a folder of each class and the folders in it, or from such folders in train and test, see
 * {@link folderLayout}; without splits about one picture in five is for tests, chosen by its class and name. Everything that is not
 * taken is counted and named in the dataset's report.
 *
 * @param wanted The classes in order and the shape to bring pictures to. Without classes they are the folders, sorted.
 * @throws {InputError} naming the folder that is no class or of which nothing can be read, or the file that is no picture.
 */
export async function loadImageFolder(wanted: WantedPictures, directory: string): Promise<Dataset> {
  const { top, walked } = await walkTop(directory);
  const inNames = walked.folders.filter((path) => !isLeftover(path));
  const layout = folderLayout(top, inNames, wanted.classNames);
  const train = classFolders(walked, layout.train);
  const test = layout.test === undefined ? undefined : classFolders(walked, [layout.test]);
  const classNames = wanted.classNames ?? [...train.classes.keys()];
  checkClasses(top, layout, { train, test }, classNames);
  const skipped = mergeSkipped(walked, layout, [train, ...(test === undefined ? [] : [test])]);
  checkNotEmpty(top, train, classNames, skipped, wanted.classNames === undefined);

  const terms = imageFolderTerms(classNames, wanted.inputShape);
  const remarks: Remarks = { transparent: [], turned: [], blank: [] };
  const load = (pictures: readonly PictureFile[]) =>
    loadSplit(top, pictures, classNames, terms.inputShape, remarks);
  const isTest = ({ name }: PictureFile) => test === undefined && isForTests(name);
  const trained = train.pictures.filter((picture) => !isTest(picture));
  const tested = test?.pictures ?? train.pictures.filter(isTest);
  return {
    ...terms,
    train: await load(trained),
    test: await load(tested),
    report: {
      notes: [...layout.notes, ...classNotes(classNames, trained, tested), ...remarkNotes(remarks)],
      skipped,
    },
  };
}

async function walkTop(directory: string): Promise<{ top: string; walked: Walked }> {
  for (const top of [join(directory, "image-folder"), directory]) {
    try {
      return { top, walked: await walkFolder(top, (path) => !isLeftover(path)) };
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") continue;
      throw new InputError(`${top} cannot be read (${String(code)})`, {
        hint: "Check the folder and its rights",
        cause,
      });
    }
  }
  throw new InputError(`There is no folder ${directory}`, {
    hint: "Give a folder that holds a folder of each class",
  });
}

function checkClasses(
  top: string,
  layout: FolderLayout,
  { train, test }: { readonly train: ClassFolders; readonly test: ClassFolders | undefined },
  classNames: readonly string[],
): void {
  if (classNames.length < 2) {
    throw new InputError(`${join(top, layout.train[0] ?? "")} has ${classNames.length} folders of classes`, {
      hint: "Put the pictures of each class into a folder of its name: two classes or more",
    });
  }
  const known = new Set(classNames.map((name) => name.normalize("NFC")));
  for (const [name, [folder = name]] of [...train.classes, ...(test?.classes ?? [])]) {
    if (known.has(name)) continue;
    throw new InputError(`${join(top, folder)} is not one of the task's classes`, {
      hint: `Use only ${namesOf(classNames, 20)}`,
    });
  }
}

/**
 * A class without pictures is a mistake where a publisher shows an example, and where files lie there that are not read. A node may
 * have no folder for a class, or an empty one.
 */
function checkNotEmpty(
  top: string,
  { pictures, classes }: ClassFolders,
  classNames: readonly string[],
  skipped: readonly SkippedFiles[],
  isExample: boolean,
): void {
  const filled = new Set(pictures.map(({ className }) => className));
  for (const name of classNames) {
    if (filled.has(name.normalize("NFC"))) continue;
    const folders = classes.get(name.normalize("NFC")) ?? [];
    const left = skippedWithin(skipped, folders);
    if (left !== "") {
      throw new InputError(`${join(top, folders[0] ?? "")} has no picture that can be read, only ${left}`, {
        hint: "Convert pictures to PNG or JPEG, or take the folder out",
      });
    }
    if (isExample) {
      throw new InputError(`${join(top, folders[0] ?? "")} has no pictures`, {
        hint: "Put some there, or take the folder out",
      });
    }
  }
  if (filled.size === 0) {
    throw new InputError(`${top} has no pictures to train on`, {
      hint: "Put PNG or JPEG files into the folders of the classes",
    });
  }
}

/** Each reason once, with what splits skipped and what stands beside them. */
function mergeSkipped(walked: Walked, layout: FolderLayout, parts: readonly ClassFolders[]): SkippedFiles[] {
  const outside = layout.train.includes("") ? [] : [outsideOf(walked, layout)];
  const byReason = new Map<string, Set<string>>();
  for (const { what, files } of [...parts.flatMap(({ skipped }) => skipped), ...outside]) {
    const known = byReason.get(what) ?? new Set();
    files.forEach((file) => known.add(file));
    if (known.size > 0) byReason.set(what, known);
  }
  return [...byReason].map(([what, files]) => ({ what, files: [...files].toSorted() }));
}

/** Files beside the splits, which belong to none of them. */
function outsideOf({ files }: Walked, { train, test = "" }: FolderLayout): SkippedFiles {
  const { skipped, pictures } = classFolders({ files, folders: [] }, [""]);
  const isOutside = (path: string) => ![...train, test].some((root) => path.startsWith(`${root}/`));
  const paths = [...skipped.flatMap((part) => part.files), ...pictures.map(({ path }) => path)];
  return { what: "beside the splits", files: paths.filter(isOutside) };
}

function classNotes(
  classNames: readonly string[],
  trained: readonly PictureFile[],
  tested: readonly PictureFile[],
): string[] {
  const training = new Set(trained.map(({ className }) => className));
  const testing = new Set(tested.map(({ className }) => className));
  const only = classNames.filter(
    (name) => testing.has(name.normalize("NFC")) && !training.has(name.normalize("NFC")),
  );
  const none = classNames.filter(
    (name) => !testing.has(name.normalize("NFC")) && !training.has(name.normalize("NFC")),
  );
  return [
    ...(only.length === 0
      ? []
      : [`All pictures of ${namesOf(only)} are for tests: give more, or train and test`]),
    ...(none.length === 0 ? [] : [`There are no pictures of ${namesOf(none)} here`]),
  ];
}

function remarkNotes({ transparent, turned, blank }: Remarks): string[] {
  const count = (files: readonly string[]) =>
    files.length === 1 ? "1 picture is" : `${files.length} pictures are`;
  return [
    ...(transparent.length === 0
      ? []
      : [`${count(transparent)} transparent in part and laid over white: ${namesOf(transparent)}`]),
    ...(turned.length === 0 ? [] : [`${count(turned)} turned as EXIF says: ${namesOf(turned)}`]),
    ...(blank.length === 0 ? [] : [`${count(blank)} of one colour throughout: ${namesOf(blank)}`]),
  ];
}

async function loadSplit(
  top: string,
  pictures: readonly PictureFile[],
  classNames: readonly string[],
  [height = 1, width = 1, channels = 1]: readonly number[],
  { transparent, turned, blank }: Remarks,
): Promise<Split> {
  const labels = new Map(classNames.map((name, label) => [name.normalize("NFC"), label]));
  const labelled = pictures
    .map((picture) => ({ ...picture, label: labels.get(picture.className) ?? 0 }))
    .toSorted((a, b) => a.label - b.label);
  const size = height * width * channels;
  const features = new Uint8Array(labelled.length * size);
  for (const [index, { path }] of labelled.entries()) {
    const picture = await readPicture(join(top, path));
    const fitted = fitPicture(picture, height, width, channels);
    features.set(fitted, index * size);
    if (picture.isTransparent) transparent.push(path);
    if (picture.isTurned) turned.push(path);
    if (fitted.every((value, i) => value === fitted[i % channels])) blank.push(path);
  }
  return { features, labels: Uint16Array.from(labelled, ({ label }) => label), count: labelled.length };
}

async function readPicture(path: string) {
  try {
    return decodePicture(await readFile(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path} is not a readable picture: ${why}`, {
      hint: "Replace it or take it out",
      cause,
    });
  }
}
