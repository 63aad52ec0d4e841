import { readFile } from "node:fs/promises";
import { parseAddressBook } from "@concordat/protocol/contracts/addressBook";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";

/** Reads the address book that a deployment wrote. @throws {InputError} when it is missing or malformed. */
export async function readAddressBook(file: string): Promise<AddressBook> {
  const hint = "Give the file that the deployment wrote";
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError(`The address book ${file} cannot be read`, { hint, cause });
  }
  try {
    return parseAddressBook(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new InputError(`The address book ${file} is not JSON`, { hint, cause });
  }
}
