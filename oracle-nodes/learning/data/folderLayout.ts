import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { namesOf } from "./dataReport.ts";

/** What a split's folder is called, by what it is for. */
const ROLES = {
  train: ["train", "training"],
  validation: ["val", "valid", "validation", "dev"],
  test: ["test", "testing"],
} as const;
type Role = keyof typeof ROLES;

/** How a folder of pictures is laid out: where the folders of classes stand, as paths within it ("" is the folder itself). */
export interface FolderLayout {
  /** Where training pictures are. */
  readonly train: readonly string[];
  /** Where test pictures are; undefined where they are drawn from the others. */
  readonly test: string | undefined;
  /** The layout in words, where there was something to decide. */
  readonly notes: readonly string[];
}

/**
 * Finds the layout: folders of classes, or splits with folders of classes in them. Splits are train and test, with or without
 * validation, or train and validation, in any case and spelling.
 *
 * @param top The folder, for messages.
 * @param folders Paths of all folders within.
 * @param classNames The classes, where they are known: a folder of that name is a class, whatever it is called.
 * @throws {InputError} where it is not plain what is a split and what a class.
 */
export function folderLayout(
  top: string,
  folders: readonly string[],
  classNames: readonly string[] = [],
): FolderLayout {
  const outer = folders.filter((path) => !path.includes("/"));
  const splits = outer.filter((name) => roleOf(name) !== undefined && !classNames.includes(name));
  const others = outer.filter((name) => !splits.includes(name));
  const holdsFolders = (name: string): boolean => folders.some((path) => path.startsWith(`${name}/`));
  // A class may be called "train": then pictures stand in it, and other classes beside it.
  if (splits.length === 0 || (others.length > 0 && !splits.some(holdsFolders)))
    return classesIn(folders, top, []);
  if (others.length > 0) {
    throw new InputError(
      `${top} holds ${namesOf(splits)}, which look like splits, beside ${namesOf(others)}`,
      {
        hint: "Put all folders of classes into train and test, or rename what is not a split",
      },
    );
  }
  const byRole = new Map<Role, string>();
  for (const name of splits) {
    const role = roleOf(name) ?? "train";
    const twin = byRole.get(role);
    if (twin !== undefined) {
      throw new InputError(`${top} holds ${twin} and ${name}, which mean the same split`, {
        hint: "Put their pictures together",
      });
    }
    byRole.set(role, name);
  }
  const [train, validation, test] = [byRole.get("train"), byRole.get("validation"), byRole.get("test")];
  if (train === undefined || (validation === undefined && test === undefined)) {
    throw new InputError(
      `${top} has ${splits.length} folders of classes, but ${namesOf(splits)} of the splits`,
      {
        hint: `Put train beside test there, or name the folder ${join(top, splits[0] ?? "")} itself`,
      },
    );
  }
  return classesInSplits(folders, top, train, validation, test);
}

function classesIn(folders: readonly string[], top: string, notes: readonly string[]): FolderLayout {
  checkInner(folders, top, [""]);
  return { train: [""], test: undefined, notes };
}

function classesInSplits(
  folders: readonly string[],
  top: string,
  train: string,
  validation: string | undefined,
  test: string | undefined,
): FolderLayout {
  const joins = validation !== undefined && test !== undefined;
  checkInner(
    folders,
    top,
    [train, validation, test].flatMap((name) => name ?? []),
  );
  const notes = joins
    ? [
        `${train} and ${validation} train, ${test} tests: each node draws its own validation records from what trains`,
      ]
    : [`${train} trains, ${test ?? validation} tests`];
  return { train: joins ? [train, validation] : [train], test: test ?? validation, notes };
}

/** Splits within a class would be trained on as one. @throws {InputError} naming the first. */
function checkInner(folders: readonly string[], top: string, roots: readonly string[]): void {
  const depth = roots.includes("") ? 1 : 2;
  const inner = folders.find((path) => {
    const below = path.split("/").slice(depth);
    return below.length > 0 && roleOf(below.at(-1) ?? "") !== undefined;
  });
  if (inner === undefined) return;
  throw new InputError(`${join(top, inner)} looks like a split within a class`, {
    hint: "Put the splits outermost: train/CLASS and test/CLASS",
  });
}

function roleOf(name: string): Role | undefined {
  const plain = name.toLowerCase();
  return (Object.keys(ROLES) as Role[]).find((role) => (ROLES[role] as readonly string[]).includes(plain));
}
