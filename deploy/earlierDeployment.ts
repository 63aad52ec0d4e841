import { readFile, rename } from "node:fs/promises";
import type { Eip1193Provider } from "ethers";
import { parseAddressBook } from "../protocol/addressBook.ts";
import type { AddressBook } from "../protocol/addressBook.ts";
import { InputError } from "../protocol/errors.ts";

/** What a second deployment is asked for with. */
export interface SecondDeployment {
  /** The address book that would be written. */
  readonly target: string;
  /** Where an interrupted deployment is remembered; undefined where none is. */
  readonly journal: string | undefined;
  /** Whether its user said that he wants another one. */
  readonly again: boolean;
  /** Whether the chain forgets what was deployed when it stops. */
  readonly isForgetful: boolean;
}

/**
 * Looks for an earlier deployment before another one is paid for. One that is wanted nevertheless replaces nothing: address
 * book and memory of the earlier one are kept beside. One on a chain that has forgotten it is replaced.
 * @returns the files that were moved aside.
 * @throws {InputError} where one is there and no other one was asked for.
 */
export async function checkEarlier(
  provider: Eip1193Provider,
  { target, journal, again, isForgetful }: SecondDeployment,
): Promise<string[]> {
  const book = await readBook(target);
  if (book === undefined) return [];
  const chainId = Number(await provider.request({ method: "eth_chainId" }));
  const isGone = isForgetful && book.chainId === chainId && !(await isThere(provider, book));
  if (!again && !isGone) {
    throw new InputError(
      `${target} names a deployment already: to chain ${book.chainId}, in block ${book.deploymentBlock}, its NodeRegistry at ${book.contracts.NodeRegistry}`,
      {
        hint: "Use that one; for a further federation name another file with CONCORDAT_ADDRESS_BOOK and set CONCORDAT_AGAIN=yes",
      },
    );
  }
  return moveAside(journal === undefined ? [target] : [target, journal]);
}

/** Also of use where a further deployment gets an address book of its own: the memory of the first would be taken up again. */
export async function moveAside(paths: readonly string[]): Promise<string[]> {
  const moved: string[] = [];
  const when = new Date().toISOString().replace(/[:.]/g, "-");
  for (const path of paths) {
    const kept = `${path}.until-${when}`;
    try {
      await rename(path, kept);
      moved.push(kept);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return moved;
}

async function readBook(target: string): Promise<AddressBook | undefined> {
  let text: string;
  try {
    text = await readFile(target, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new InputError(`The address book ${target} cannot be read`, { hint: "Name another file", cause });
  }
  try {
    return parseAddressBook(JSON.parse(text));
  } catch (cause) {
    throw new InputError(`${target} is there, and is no address book`, {
      hint: "Name another file with CONCORDAT_ADDRESS_BOOK: nothing is overwritten",
      cause,
    });
  }
}

async function isThere(provider: Eip1193Provider, { contracts }: AddressBook): Promise<boolean> {
  const code = await provider.request({ method: "eth_getCode", params: [contracts.NodeRegistry, "latest"] });
  return code !== "0x";
}
