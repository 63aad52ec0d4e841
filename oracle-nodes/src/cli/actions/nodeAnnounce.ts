import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { InputError } from "../../../../protocol/errors.ts";
import type { NodeStatus } from "../../node/nodeStatus.ts";
import type { AccountOptions } from "../chainOptions.ts";
import { readNodeConfig } from "../nodeConfigFile.ts";
import { withWriter } from "../openChain.ts";
import { print } from "../output.ts";
import { ownNode } from "../ownNode.ts";

export interface NodeAnnounceOptions extends AccountOptions {
  readonly endpoints?: string;
}

/** `concordat node announce`. */
export async function runNodeAnnounce(options: NodeAnnounceOptions): Promise<void> {
  const endpoints = options.endpoints ?? (await runningEndpoints(options.config));
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    await chain.send("nodeRegistry", "setEndpoints", [endpoints]);
    print(`Node ${node} now serves at ${endpoints}`);
  });
}

/** What a running node says of itself. @throws {InputError} when it has not run yet. */
export async function runningEndpoints(config: string | undefined): Promise<string> {
  const status = config === undefined ? undefined : await readStatus((await readNodeConfig(config)).dataDir);
  if (status !== undefined) return status.endpoints;
  throw new InputError("It is not known where the node serves", {
    hint: "Start it first and give --config, or give --endpoints",
  });
}

/** The node's status.json, if there is one. */
export async function readStatus(dataDir: string): Promise<NodeStatus | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, "status.json"), "utf8")) as NodeStatus;
  } catch {
    return undefined;
  }
}
