import type { Hex, PublicClient } from "viem";
import { Phase, TaskState } from "@concordat/protocol/contracts/enums";
import { ABIS } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { currentOpening, currentPhase } from "@concordat/protocol/history/rounds";
import type { TaskRecord, FederationState } from "@concordat/protocol/history/federationState";

/** Running tasks whose rounds are compared, the newest ones: each costs a read with every block. */
const MOST_TASKS = 12;

export interface CountSource {
  readonly client: PublicClient;
  readonly contracts: Readonly<Record<ContractName, Hex>>;
}

/**
 * What the contracts count at a block and the state that its events make does not have; undefined where all is there. Logs
 * can be late, or left out, while nothing says so: only the contracts' own counts tell.
 * @throws the endpoint's error where it does not answer.
 */
export async function missingEvents(
  { client, contracts }: CountSource,
  federation: FederationState,
  block: number,
): Promise<string | undefined> {
  const at = { blockNumber: BigInt(block) } as const;
  const registry = { address: contracts.NodeRegistry, abi: ABIS.NodeRegistry, ...at } as const;
  const tasks = { address: contracts.TaskRegistry, abi: ABIS.TaskRegistry, ...at } as const;
  const coordinator = { address: contracts.RoundCoordinator, abi: ABIS.RoundCoordinator, ...at } as const;
  const running = [...federation.tasks.values()]
    .filter((task) => isOurs(task, contracts) && task.state === TaskState.Running)
    .slice(-MOST_TASKS);
  const [nodes, proposals, published, ...rounds] = await Promise.all([
    client.readContract({ ...registry, functionName: "nodeCount" }),
    client.readContract({ ...registry, functionName: "proposalCount" }),
    client.readContract({ ...tasks, functionName: "taskCount" }),
    ...running.map(({ taskId }) =>
      client.readContract({ ...coordinator, functionName: "roundOf", args: [BigInt(taskId)] }),
    ),
  ]);
  const counts = [
    ["nodes", federation.nodes.size, nodes],
    ["votes", federation.proposals.size, proposals],
    ["tasks", federation.tasks.size, published],
  ] as const;
  const short = counts.find(([, told, counted]) => BigInt(told) !== counted);
  if (short !== undefined) return `events of ${short[1]} of ${short[2]} ${short[0]}`;
  const behind = running.find((task, index) => !agrees(task, rounds[index]));
  return behind === undefined ? undefined : `some events of task ${behind.taskId}`;
}

interface CountedRound {
  readonly phase: number;
  readonly round: number;
  readonly retry: number;
  readonly postedCount: number;
  readonly reportedCount: number;
}

function agrees(task: TaskRecord, counted: CountedRound | undefined): boolean {
  const opening = currentOpening(task);
  if (counted === undefined || opening === undefined) return counted === undefined;
  return (
    opening.round === counted.round &&
    opening.retry === counted.retry &&
    (currentPhase(opening)?.phase ?? Phase.None) === Number(counted.phase) &&
    opening.updates.size === counted.postedCount &&
    opening.reports.size === counted.reportedCount
  );
}

function isOurs({ terms }: TaskRecord, contracts: CountSource["contracts"]): boolean {
  return terms.coordinator.toLowerCase() === contracts.RoundCoordinator.toLowerCase();
}
