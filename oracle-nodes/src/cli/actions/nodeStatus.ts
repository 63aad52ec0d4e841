import { formatEther } from "ethers";
import { join, dirname, resolve } from "node:path";
import type { NodeStatus } from "../../node/nodeStatus.ts";
import { readNodeConfig } from "../nodeConfigFile.ts";
import { withReader } from "../openChain.ts";
import { pairs, print, printJson, table } from "../output.ts";
import { readStatus } from "./nodeAnnounce.ts";
import { addressOfKeystore } from "./nodeApply.ts";

export interface NodeStatusOptions {
  readonly config: string;
  readonly json?: true;
}

/** `concordat node status`: the chain's view first, then what the node last wrote about itself. */
export async function runNodeStatus(options: NodeStatusOptions): Promise<void> {
  const config = await readNodeConfig(options.config);
  const signer = await addressOfKeystore(config.keystore);
  const operatorFile = join(dirname(resolve(options.config)), "operator.json");
  const operator = await addressOfKeystore(operatorFile).catch(() => undefined);
  const status = await readStatus(config.dataDir);
  await withReader(options, async ({ contracts: { nodeRegistry }, provider }) => {
    const nodeId = Number(await nodeRegistry.nodeOfSigner(signer));
    const registered = nodeId === 0 ? undefined : await nodeRegistry.getFunction("node")(nodeId);
    const balance = async (account: string): Promise<bigint> => provider.getBalance(account);
    const result = {
      node: nodeId === 0 ? undefined : nodeId,
      isMember: registered?.isMember ?? false,
      signer,
      signerBalance: await balance(signer),
      operator: registered?.operator ?? operator,
      endpoints: registered?.endpoints,
      running: status !== undefined && isRunning(status.pid),
      status,
    };
    if (options.json) return printJson(result);
    print(
      pairs([
        ["node", result.node ?? "not admitted: concordat node apply"],
        ["member", result.isMember ? "yes" : "no"],
        ["signer", `${signer}, ${formatEther(result.signerBalance)} for gas`],
        ["operator", result.operator ?? "unknown"],
        ["endpoints", result.endpoints || "none: concordat node announce"],
        ["process", processLine(status, result.running)],
        ...(status === undefined
          ? []
          : ([["sent", `${(status.sentBytes / 1e6).toFixed(1)} MB of blocks`]] as const)),
      ]),
    );
    if (status !== undefined && status.tasks.length > 0) print(`\n${taskTable(status)}`);
  });
}

function processLine(status: NodeStatus | undefined, running: boolean): string {
  if (status === undefined) return "has not run yet: concordat node run";
  return running ? `${status.pid}, last news ${status.updatedAt}` : `stopped, last news ${status.updatedAt}`;
}

function taskTable({ tasks }: NodeStatus): string {
  return table(
    [
      { head: "task", align: "right" },
      { head: "round", align: "right" },
      { head: "phase" },
      { head: "privacy spent" },
      { head: "doing" },
      { head: "problem" },
    ],
    tasks.map(({ taskId, round, phase, spentBudget, doing, problem = "" }) => [
      taskId,
      round,
      phase,
      spentBudget === undefined
        ? ""
        : `epsilon ${spentBudget.epsilon.toPrecision(3)}, delta ${spentBudget.delta}`,
      doing,
      problem,
    ]),
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
