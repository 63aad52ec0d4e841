import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { InputError } from "@concordat/protocol/errors";
import { checkEndpoints, localAddresses } from "@concordat/protocol/endpoints/endpoints";
import type { NodeStatus } from "@concordat/node/status/nodeStatus";
import type { AccountOptions } from "../chainOptions.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { withWriter } from "../openChain.ts";
import { note, print } from "@concordat/console/output";
import { ownNode } from "../ownNode.ts";

export interface NodeAnnounceOptions extends AccountOptions {
  readonly endpoints?: string;
}

/** `concordat node announce`. What would lead nobody to the node is refused before anything is paid. */
export async function runNodeAnnounce(options: NodeAnnounceOptions): Promise<void> {
  const endpoints = usableEndpoints(options.endpoints ?? (await runningEndpoints(options.config)));
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    await chain.send("nodeRegistry", "setEndpoints", [endpoints]);
    print(`Node ${node} now serves at ${endpoints}`);
  });
}

/**
 * Endpoints as the registry is to have them. Addresses that lead to the node from its own machine or network only are
 * noted: right for a rehearsal, wrong elsewhere.
 * @throws {InputError} naming what others would ignore, or what would lead them to themselves.
 */
export function usableEndpoints(text: string): string {
  checkEndpoints(text);
  const endpoints = text.split(/\s+/).filter(Boolean).join(" ");
  for (const { address, scope } of localAddresses(endpoints)) {
    note(
      `Note: ${address} reaches this node only from its own ${scope}; for others, give --announce or --endpoints`,
    );
  }
  return endpoints;
}

/** What a running node says of itself. @throws {InputError} when it has not run yet. */
export async function runningEndpoints(config: string | undefined): Promise<string> {
  const status = config === undefined ? undefined : await readStatus((await readNodeConfig(config)).dataDir);
  if (status !== undefined) return status.endpoints;
  throw new InputError("The node's endpoints are not known", {
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
