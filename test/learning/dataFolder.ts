import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { InputError } from "#protocol/errors";

/** A temporary folder of data files, one for each test. */
export interface DataFolder {
  readonly path: string;
  put(files: Readonly<Record<string, Uint8Array | string>>): Promise<void>;
}

/** Gives each test of the suite a folder of its own. */
export function dataFolder(): DataFolder {
  let path = "";
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "concordat-data-"));
  });
  afterEach(() => rm(path, { recursive: true }));
  return {
    get path() {
      return path;
    },
    async put(files) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), content);
      }
    },
  };
}

/** The InputError that loading ends with: one line, with a hint. */
export async function inputError(loading: Promise<unknown>): Promise<InputError> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${String(error)}`);
  expect(error.oneLine).to.not.include("\n");
  expect(error.hint).to.be.a("string");
  return error;
}
