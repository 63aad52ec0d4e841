import { EndReason, MemberStatus, Phase, TaskState, enumName } from "../../../../protocol/enums.ts";
import { ConcordatError } from "../../../../protocol/errors.ts";
import { privacyLines } from "../../privacy/taskPrivacy.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import type { ChainReader } from "../chainAccess.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { readNodeConfig } from "../nodeConfigFile.ts";
import { withReader } from "../openChain.ts";
import { pairs, print, printJson, table } from "../output.ts";
import type { Column } from "../output.ts";
import { readableTerms } from "../readableTerms.ts";
import { readTaskBudgets, type TaskBudgets } from "../taskBudgets.ts";
import { readTaskTerms } from "../taskTerms.ts";
import { amountFormat } from "../token.ts";

/** Shown where the task asks for privacy, of members that posted an update. */
const BUDGET_COLUMNS: readonly Column[] = [
  { head: "records", align: "right" },
  { head: "epsilon in all rounds", align: "right" },
];
/** Nodes asked for the manifest of a task without members. */
const MAX_NODES = 64;

export interface TaskShowOptions extends ChainOptions {
  readonly json?: true;
}

/** `concordat task show`. */
export async function runTaskShow(taskId: number, options: TaskShowOptions): Promise<void> {
  const providers = options.config === undefined ? [] : (await readNodeConfig(options.config)).providers;
  const { task, budgets, amount } = await withReader(options, async (chain) => {
    const shown = await readTask(chain, taskId, providers);
    return { ...shown, amount: await amountFormat(chain.provider, shown.task.terms.rewardToken) };
  });
  if (options.json) return printJson(task);
  const { status, round, terms, members } = task;
  print(`Task ${taskId}: ${status.state}${status.endReason === "None" ? "" : `, ${status.endReason}`}`);
  print(
    pairs([
      ["publisher", status.publisher],
      ["rounds played", `${status.roundsPlayed} of ${terms.rounds}`],
      ["active nodes", `${status.activeCount} (${terms.minNodes} to ${terms.maxNodes})`],
      ["escrow", amount(status.escrow)],
      ["hard end", new Date(status.hardEnd * 1000).toISOString()],
      ...(round === undefined ? [] : ([["now", roundLine(round)]] as const)),
    ]),
  );
  print("\nTerms");
  print(pairs(readableTerms(terms)));
  print("\nPrivacy");
  print(pairs(budgetLines(budgets, terms)));
  if (members.length === 0) return;
  print("\nMembers");
  const hasBudgets = members.some(({ budget }) => budget !== undefined);
  print(
    table(
      [
        { head: "member", align: "right" },
        { head: "node", align: "right" },
        { head: "status" },
        { head: "reputation", align: "right" },
        { head: "earned", align: "right" },
        { head: "claimed", align: "right" },
        ...(hasBudgets ? BUDGET_COLUMNS : []),
      ],
      members.map(({ member, node, budget, ...m }) => [
        member,
        node,
        m.status,
        m.reputation,
        amount(m.earned),
        amount(m.claimed),
        ...(hasBudgets ? [budget?.records ?? "", budget?.epsilon.toPrecision(3) ?? ""] : []),
      ]),
    ),
  );
}

async function readTask(chain: ChainReader, taskId: number, providers: readonly string[]) {
  const { contracts, provider } = chain;
  const { taskRegistry, rewardLedger, roundCoordinator } = contracts;
  const terms = await readTaskTerms(chain, taskId);
  const [status, block] = await Promise.all([taskRegistry.status(taskId), provider.getBlock("latest")]);
  const state = enumName(TaskState, status.state);
  const memberCount = Number(status.memberCount);
  const round = state === "Running" ? await readRound() : undefined;
  const members = await Promise.all(Array.from({ length: memberCount }, async (_, i) => readMember(i + 1)));
  const budgets = await readTaskBudgets(chain, taskId, terms, [...(await endpoints()), ...providers]);
  const known = budgets instanceof ConcordatError ? undefined : budgets;
  const task = {
    task: taskId,
    terms,
    status: {
      publisher: status.publisher,
      state,
      endReason: enumName(EndReason, status.endReason),
      roundsPlayed: round === undefined ? Number(status.roundsPlayed) : round.round - 1,
      activeCount: Number(status.activeCount),
      memberCount,
      escrow: status.escrow,
      hardEnd: Number(status.hardEnd),
    },
    round,
    /** Undefined where the manifest cannot be had. */
    privacy: known?.manifest.privacy,
    members: members.map((member) => ({ ...member, budget: known?.members.get(member.node) })),
  };
  return { task, budgets };

  /** Where members serve, or the registry's first nodes while there are none. */
  async function endpoints(): Promise<string[]> {
    const { nodeRegistry } = contracts;
    const nodes =
      members.length > 0
        ? members.map(({ node }) => node)
        : Array.from(
            { length: Math.min(MAX_NODES, Number(await nodeRegistry.nodeCount())) },
            (_, i) => i + 1,
          );
    const read = nodes.map(
      async (node) => (await nodeRegistry.getFunction("node")(node)).endpoints as string,
    );
    return (await Promise.all(read)).filter((served) => served !== "");
  }

  async function readRound() {
    const view = await roundCoordinator.roundOf(taskId);
    return {
      round: Number(view.round),
      retry: Number(view.retry),
      attempt: Number(view.attempt),
      phase: enumName(Phase, view.phase),
      due: view.due,
      posted: Number(view.postedCount),
      reported: Number(view.reportedCount),
      quorum: Number(view.quorum),
      alphaBps: Number(view.alphaBps),
      deadline: Number(view.deadline),
      secondsLeft: Math.max(0, Number(view.deadline) - (block?.timestamp ?? 0)),
      base: view.base,
    };
  }

  async function readMember(member: number) {
    const node = Number(await taskRegistry.nodeIdOfMember(taskId, member));
    const [place, account] = await Promise.all([
      taskRegistry.member(taskId, node),
      rewardLedger.accountOf(taskId, member),
    ]);
    return {
      member,
      node,
      status: enumName(MemberStatus, place.status),
      reputation: Number(account.reputation),
      earned: account.earned,
      claimed: account.claimed,
    };
  }
}

function roundLine(round: NonNullable<Awaited<ReturnType<typeof readTask>>["task"]["round"]>): string {
  const { phase, posted, reported, quorum, due, secondsLeft } = round;
  const left = due ? "due to move on" : `at most ${secondsLeft} s left`;
  return `round ${round.round}, ${phase}, ${posted} updates, ${reported} scores, quorum ${quorum}, ${left}`;
}

/** For the member that spends most, and before any has posted for one of as many records as the terms allow. */
function budgetLines(budgets: TaskBudgets | ConcordatError, { rounds, maxSamples }: TaskTerms) {
  if (budgets instanceof ConcordatError) return [["privacy", `unknown: ${budgets.oneLine}`]] as const;
  const posted = [...budgets.members.values()].map(({ records }) => records);
  return privacyLines(budgets.manifest, rounds, posted.length === 0 ? maxSamples : Math.min(...posted));
}
