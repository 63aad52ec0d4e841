import { readFile } from "node:fs/promises";
import { InputError } from "../../../../protocol/errors.ts";
import { createHeliaStore } from "../../artifacts/heliaStore.ts";
import { createKuboStore } from "../../artifacts/kuboStore.ts";
import type { ArtifactStore } from "../../artifacts/artifactStore.ts";
import { openDataFolder } from "../../node/dataFolder.ts";
import type { NodeConfig } from "../../node/nodeConfig.ts";
import { readNodeConfig } from "../nodeConfigFile.ts";
import { print, printJson } from "../output.ts";

export interface ArtifactAddOptions {
  readonly config: string;
  readonly json?: true;
}

/** `concordat artifact add`: reads all files first, then stores them. */
export async function runArtifactAdd(files: readonly string[], options: ArtifactAddOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const contents = await Promise.all(files.map(readBytes));
  const added = await addArtifacts(config, contents);
  const named = files.map((file, i) => ({ file, digest: added[i] }));
  if (options.json) printJson(named);
  else for (const { file, digest } of named) print(`${digest}  ${file}`);
}

/** Puts files into the store of a node that is not running; gives their digests. */
export async function addArtifacts(config: NodeConfig, contents: readonly Uint8Array[]): Promise<string[]> {
  const folder = await openDataFolder(config.dataDir, (error) => {
    throw error;
  });
  try {
    const store = await openStore(config, folder.artifacts);
    try {
      const digests: string[] = [];
      for (const bytes of contents) digests.push(await store.put(bytes));
      return digests;
    } finally {
      await store.close();
    }
  } finally {
    await folder.release();
  }
}

async function openStore(config: NodeConfig, dir: string): Promise<ArtifactStore> {
  const { artifacts } = config;
  if (artifacts.kind === "kubo") return createKuboStore({ url: artifacts.url, dir });
  return createHeliaStore({ dir });
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new InputError(`The file ${file} cannot be read`, { hint: "Correct its path", cause });
  }
}
