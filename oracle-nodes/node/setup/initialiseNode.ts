import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Wallet } from "ethers";
import type { EncryptOptions } from "ethers";
import { parse } from "yaml";
import { InputError } from "@concordat/protocol/errors";
import { writeKeystore } from "./keystore.ts";
import { parseNodeConfig } from "./nodeConfig.ts";
import { nodeConfigYaml } from "./nodeConfigTemplate.ts";
import type { NodeConfigValues } from "./nodeConfigTemplate.ts";

/** How a node's folder is made. */
export interface NodeInitOptions {
  readonly dir: string;
  readonly values: NodeConfigValues;
  readonly password: string;
  /** Keys to use instead of new ones. */
  readonly signer?: Wallet;
  readonly operator?: Wallet;
  /** Weaker encryption, for keys that live for minutes. */
  readonly scrypt?: EncryptOptions["scrypt"];
}

/** What was made. */
export interface InitialisedNode {
  readonly dir: string;
  readonly config: string;
  readonly signer: string;
  readonly operator: string;
}

/** What a node's folder holds at first. */
const FILES = { config: "node.yaml", signer: "signer.json", operator: "operator.json" } as const;

/**
 * Makes a node's folder: keystores of signer and operator, and a configuration that explains itself. The folder appears
 * whole or not at all.
 * @throws {InputError} when the folder holds a node already, or a setting is wrong.
 */
export async function initialiseNode(options: NodeInitOptions): Promise<InitialisedNode> {
  const dir = resolve(options.dir);
  await checkVacant(dir);
  const yaml = nodeConfigYaml(options.values);
  parseNodeConfig(parse(yaml));
  const signer = options.signer ?? newWallet();
  const operator = options.operator ?? newWallet();
  await mkdir(dirname(dir), { recursive: true });
  const draft = await mkdtemp(join(dirname(dir), `.${basename(dir)}-`));
  try {
    await Promise.all([
      writeFile(join(draft, FILES.config), yaml),
      writeKeystore(join(draft, FILES.signer), signer.privateKey, options.password, options.scrypt),
      writeKeystore(join(draft, FILES.operator), operator.privateKey, options.password, options.scrypt),
    ]);
    await rename(draft, dir);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (cause instanceof InputError) throw cause;
    throw new InputError(`The folder ${dir} cannot be made`, {
      hint: "Choose a folder that you may write to",
      cause,
    });
  }
  return { dir, config: join(dir, FILES.config), signer: signer.address, operator: operator.address };
}

function newWallet(): Wallet {
  return new Wallet(Wallet.createRandom().privateKey);
}

async function checkVacant(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  const entries = await readdir(dir).catch(() => ["?"]);
  if (entries.length === 0) return;
  const isNode = Object.values(FILES).some((file) => entries.includes(file));
  throw new InputError(isNode ? `${dir} already holds a node` : `The folder ${dir} is not empty`, {
    hint: "Choose another folder: nothing is ever overwritten",
  });
}
