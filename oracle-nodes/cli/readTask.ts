import { EndReason, MemberStatus, TaskState, enumName, enumValue } from "@concordat/protocol/contracts/enums";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { inBatches, upTo } from "@concordat/chain/endpoints/inBatches";
import { readRound } from "./readRound.ts";
import type { ReadAt } from "./readRound.ts";
import { readTaskBudgets } from "./taskBudgets.ts";
import { readTaskTerms } from "./taskTerms.ts";

/** Nodes asked for the manifest of a task without members. */
const MAX_NODES = 64;

/** The newest block: what one answer shows is read at it, so that its parts belong together. */
export async function newestBlock({ provider }: ChainReader): Promise<ReadAt> {
  const block = await provider.getBlock("latest");
  if (block === null) throw new ConcordatError("The endpoint does not give the chain's newest block");
  return { blockTag: block.number, timestamp: block.timestamp };
}

/** The chain's time in unix seconds, as its newest block tells it. */
export async function chainTime(chain: ChainReader): Promise<number> {
  return (await newestBlock(chain)).timestamp;
}

/** All that is known of a task: its terms, state, round, members, and what its privacy terms let them spend. */
export async function readTask(chain: ChainReader, taskId: number, providers: readonly string[]) {
  const at = await newestBlock(chain);
  const { blockTag } = at;
  const { taskRegistry } = chain.contracts;
  const terms = await readTaskTerms(chain, taskId);
  const status = await taskRegistry.status(taskId, { blockTag });
  const state = enumValue(TaskState, status.state);
  const memberCount = Number(status.memberCount);
  const read = state === TaskState.Running ? await readRound(chain, taskId, terms, at) : undefined;
  const members = await inBatches(upTo(memberCount), async (member) =>
    readMember(chain, taskId, member, blockTag),
  );
  const served = await endpoints(
    chain,
    members.map(({ node }) => node),
  );
  const budgets = await readTaskBudgets(chain, taskId, terms, [...served, ...providers]);
  const known = budgets instanceof ConcordatError ? undefined : budgets;
  const { words = [], ...round } = read ?? {};
  const task = {
    task: taskId,
    terms,
    status: {
      publisher: status.publisher,
      state: enumName(TaskState, state),
      endReason: enumName(EndReason, status.endReason),
      roundsPlayed: read === undefined ? Number(status.roundsPlayed) : read.round - 1,
      activeCount: Number(status.activeCount),
      memberCount,
      escrow: status.escrow,
      hardEnd: Number(status.hardEnd),
    },
    round: read === undefined ? undefined : (round as Omit<typeof read, "words">),
    /** Undefined where the manifest cannot be had. */
    privacy: known?.manifest.privacy,
    members: members.map((member) => ({ ...member, budget: known?.members.get(member.node) })),
  };
  return { task, budgets, at, state, endReason: enumValue(EndReason, status.endReason), awaited: words };
}

async function readMember(
  { contracts: { taskRegistry, rewardLedger } }: ChainReader,
  taskId: number,
  member: number,
  blockTag: number,
) {
  const at = { blockTag };
  const node = Number(await taskRegistry.nodeIdOfMember(taskId, member, at));
  const place = await taskRegistry.member(taskId, node, at);
  const account = await rewardLedger.accountOf(taskId, member, at);
  return {
    member,
    node,
    status: enumName(MemberStatus, place.status),
    reputation: Number(account.reputation),
    earned: account.earned,
    claimed: account.claimed,
  };
}

/** Where these nodes serve, or the registry's first ones where none is given. */
export async function endpoints(chain: ChainReader, nodes: readonly number[]): Promise<string[]> {
  const { nodeRegistry } = chain.contracts;
  const asked = nodes.length > 0 ? nodes : upTo(Math.min(MAX_NODES, Number(await nodeRegistry.nodeCount())));
  const read = await inBatches(asked, async (node) =>
    String((await nodeRegistry.getFunction("node")(node)).endpoints),
  );
  return read.filter((served) => served !== "");
}
