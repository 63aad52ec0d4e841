import { zeroPadValue, toBeHex } from "ethers";
import type { ConcordatError } from "@concordat/protocol/errors";
import { ArtifactError } from "@concordat/protocol/errors";
import { fromEthersLog } from "@concordat/protocol/events/chainLog";
import { decodeEvent } from "@concordat/protocol/events/decodeEvent";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { readLogs } from "@concordat/chain/heads/readLogs";
import { spentInTask } from "@concordat/learning/privacy/spentInTask";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { fetchManifest } from "./fetchManifest.ts";

/** What a member spends of its privacy by training in every round on as many records as in its last update. */
export interface MemberBudget {
  readonly records: number;
  readonly epsilon: number;
  readonly delta: number;
}

/** A task's privacy terms, and what they come to for its members. */
export interface TaskBudgets {
  readonly manifest: TaskManifest;
  /** By node, of those that posted an update; empty where the task asks for no privacy. */
  readonly members: ReadonlyMap<number, MemberBudget>;
}

/** Reads what a task's terms let its nodes spend in all rounds; the reason where its manifest cannot be had. */
export async function readTaskBudgets(
  chain: ChainReader,
  taskId: number,
  terms: TaskTerms,
  providers: readonly string[],
): Promise<TaskBudgets | ConcordatError> {
  try {
    const manifest = await fetchManifest(terms, providers);
    return { manifest, members: await memberBudgets(chain, taskId, terms, manifest) };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    return error;
  }
}

async function memberBudgets(
  chain: ChainReader,
  taskId: number,
  { rounds }: TaskTerms,
  manifest: TaskManifest,
): Promise<Map<number, MemberBudget>> {
  const budgets = new Map<number, MemberBudget>();
  if (manifest.privacy.kind === "none") return budgets;
  /** By number of records, which nodes often share: composing is slow. */
  const known = new Map<number, MemberBudget | undefined>();
  for (const [node, records] of await lastRecords(chain, taskId)) {
    if (!known.has(records)) {
      const budget = spentInTask(manifest, Array<number>(rounds).fill(records));
      known.set(records, budget && { records, ...budget });
    }
    const budget = known.get(records);
    if (budget !== undefined) budgets.set(node, budget);
  }
  return budgets;
}

/** The training records that each node's last update claims. */
async function lastRecords(
  { provider, book, contracts }: ChainReader,
  taskId: number,
): Promise<Map<number, number>> {
  const { interface: abi } = contracts.roundCoordinator;
  const logs = await readLogs(provider, {
    address: book.contracts.RoundCoordinator,
    topics: [abi.getEvent("UpdateAccepted").topicHash, zeroPadValue(toBeHex(taskId), 32)],
    fromBlock: book.deploymentBlock,
    toBlock: await provider.getBlockNumber(),
  });
  const updates = logs.map((log) => decodeEvent("RoundCoordinator", fromEthersLog(log)));
  return new Map(
    updates.flatMap(({ name, args }) => (name === "UpdateAccepted" ? [[args.nodeId, args.samples]] : [])),
  );
}
