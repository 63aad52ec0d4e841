import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { newestModel, taskFolder } from "./nodeFolder.ts";

/** Where this node's own model of a task lies, for whoever looks at the task with the node's configuration. */
export async function ownModelLines(
  chain: ChainReader,
  config: NodeConfig,
  taskId: number,
): Promise<(readonly [string, string])[]> {
  const model = await newestModel(await taskFolder(chain, config, taskId));
  if (model === undefined) return [];
  return [
    ["own model", `personalised, after round ${model.round}: ${model.file}`],
    ["", `concordat task model ${taskId} copies it, or the global one, out of the node`],
  ];
}
