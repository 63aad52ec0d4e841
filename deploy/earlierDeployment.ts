import { readFile, rename } from "node:fs/promises";
import type { Eip1193Provider } from "ethers";
import { parseAddressBook } from "@concordat/protocol/contracts/addressBook";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";

/** What a second deployment is asked for with. */
export interface SecondDeployment {
  /** The address book that would be written. */
  readonly target: string;
  /** Whether its user said that he wants another one. */
  readonly again: boolean;
  /** Whether the chain forgets what was deployed when it stops. */
  readonly isForgetful: boolean;
}

/**
 * Looks for an earlier deployment before another one is paid for. On a chain that has forgotten it there is none.
 * @throws {InputError} where one is there and no other one was asked for.
 */
export async function checkEarlier(
  provider: Eip1193Provider,
  { target, again, isForgetful }: SecondDeployment,
): Promise<void> {
  const book = await readBook(target);
  if (book === undefined || again) return;
  const chainId = Number(await provider.request({ method: "eth_chainId" }));
  if (isForgetful && book.chainId === chainId && !(await isThere(provider, book))) return;
  throw new InputError(
    `${target} already names a deployment: to chain ${book.chainId}, in block ${book.deploymentBlock}, its NodeRegistry at ${book.contracts.NodeRegistry}`,
    {
      hint: "Use that one; for a further federation name another file with CONCORDAT_ADDRESS_BOOK and set CONCORDAT_AGAIN=yes",
    },
  );
}

/** Keeps a file or folder of the earlier deployment under another name, if it is there. @returns that name. */
export async function moveAside(path: string): Promise<string | undefined> {
  const kept = `${path}.until-${new Date().toISOString().replace(/[:.]/g, "-")}`;
  try {
    await rename(path, kept);
    return kept;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
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
    throw new InputError(`${target} exists, but is not an address book`, {
      hint: "Name another file with CONCORDAT_ADDRESS_BOOK: nothing is overwritten",
      cause,
    });
  }
}

async function isThere(provider: Eip1193Provider, { contracts }: AddressBook): Promise<boolean> {
  const code = await provider.request({ method: "eth_getCode", params: [contracts.NodeRegistry, "latest"] });
  return code !== "0x";
}
