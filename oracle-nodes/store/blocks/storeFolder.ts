import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";

/** Says what a store's folder holds, so that no version takes another's files for leftovers and sweeps them. */
const MARKER = "FORMAT";
const FORMAT = "concordat/artifacts/1";

/**
 * Takes a folder for a store: makes it, and marks it with the format of its files unless it is marked already.
 * @throws {InputError} when it holds anything else than a store of this format; nothing in it is touched then.
 */
export async function openStoreFolder(dir: string): Promise<void> {
  await makeFolder(dir);
  const names = (await readdir(dir)).filter((name) => !name.startsWith(`${MARKER}.`));
  if (names.length === 0) return writeDurably(dir, [{ path: join(dir, MARKER), bytes: `${FORMAT}\n` }]);
  if (!names.includes(MARKER)) {
    throw new InputError(`${dir} holds files that are not marked as artifacts`, {
      hint: `Give an empty folder; if a Concordat node made it, write ${FORMAT} to the file ${MARKER} in it`,
    });
  }
  const format = (await readFile(join(dir, MARKER), "utf8")).trim();
  if (format === FORMAT) return;
  throw new InputError(
    `The artifacts in ${dir} have format "${format.slice(0, 80)}", but this version reads ${FORMAT}`,
    {
      hint: "Use the version of Concordat that made them, or another folder",
    },
  );
}
