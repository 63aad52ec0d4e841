import { readFile } from "node:fs/promises";
import { InputError } from "@concordat/protocol/errors";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { addArtifacts } from "../nodeStore.ts";
import { note, print, printJson } from "@concordat/console/output";

export interface ArtifactAddOptions {
  readonly config: string;
  readonly json?: true;
}

/** `concordat artifact add`: reads all files first, then stores them; a node that runs takes them itself. */
export async function runArtifactAdd(files: readonly string[], options: ArtifactAddOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const contents = await Promise.all(files.map(readBytes));
  const { digests, byRunningNode } = await addArtifacts(config, contents);
  const named = files.map((file, i) => ({ file, digest: digests[i] }));
  if (options.json) return printJson(named);
  for (const { file, digest } of named) print(`${digest}  ${file}`);
  note(byRunningNode ? "The running node serves them now" : "The node serves them once it runs");
}

async function readBytes(file: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new InputError(`The file ${file} cannot be read`, { hint: "Correct its path", cause });
  }
  if (bytes.length === 0) throw new InputError(`The file ${file} is empty`, { hint: "Give the whole file" });
  return bytes;
}
