import { readFile, writeFile } from "node:fs/promises";
import { Wallet, encryptKeystoreJson, type EncryptOptions } from "ethers";
import { InputError } from "@concordat/protocol/errors";

/**
 * Writes a key to a new encrypted keystore that only its owner may read.
 * @throws {InputError} when the file already exists: a key is never overwritten.
 */
export async function writeKeystore(
  path: string,
  privateKey: string,
  password: string,
  scrypt?: EncryptOptions["scrypt"],
): Promise<void> {
  const { address } = new Wallet(privateKey);
  const json = await encryptKeystoreJson(
    { address, privateKey },
    password,
    scrypt === undefined ? {} : { scrypt },
  );
  try {
    await writeFile(path, `${json}\n`, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new InputError(`The keystore ${path} cannot be written`, {
      hint: "Choose a new file in a folder that you may write to",
      cause,
    });
  }
}

/** Opens a keystore. @throws {InputError} when it cannot be read, is none, or the password is wrong. */
export async function openKeystore(path: string, password: string): Promise<Wallet> {
  let json: string;
  try {
    json = await readFile(path, "utf8");
  } catch (cause) {
    throw new InputError(`The keystore ${path} cannot be read`, {
      hint: "Correct keystore in the configuration",
      cause,
    });
  }
  try {
    const wallet = await Wallet.fromEncryptedJson(json, password);
    return new Wallet(wallet.privateKey);
  } catch (cause) {
    const wrongPassword = cause instanceof Error && /incorrect password/i.test(cause.message);
    throw new InputError(
      wrongPassword
        ? `The password does not open the keystore ${path}`
        : `${path} is not an encrypted keystore`,
      {
        hint: wrongPassword
          ? "Give the password that it was made with"
          : "Make one with: concordat node init",
        cause,
      },
    );
  }
}
