import { existsSync } from "node:fs";
import { Wallet } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import { writeKeystore } from "@concordat/node/setup/keystore";
import { print, printJson } from "@concordat/console/output";
import { chooseNewPassword } from "../password.ts";

export interface KeyCreateOptions {
  readonly passwordFile?: string;
  readonly json?: true;
}

/** `concordat key create`. */
export async function runKeyCreate(file: string, options: KeyCreateOptions): Promise<void> {
  if (existsSync(file)) {
    throw new InputError(`${file} already exists`, { hint: "Choose a new file: a key is never overwritten" });
  }
  const wallet = Wallet.createRandom();
  await writeKeystore(file, wallet.privateKey, await chooseNewPassword(options));
  if (options.json) printJson({ file, address: wallet.address });
  else print(`Made ${file} for account ${wallet.address}`);
}
