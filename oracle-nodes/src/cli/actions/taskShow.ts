import { EndReason, MemberStatus, Phase, TaskState, enumName } from "../../../../protocol/enums.ts";
import type { ChainReader } from "../chainAccess.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { withReader } from "../openChain.ts";
import { pairs, print, printJson, table } from "../output.ts";
import { readableTerms } from "../readableTerms.ts";
import { readTaskTerms } from "../taskTerms.ts";
import { amountFormat } from "../token.ts";

export interface TaskShowOptions extends ChainOptions {
  readonly json?: true;
}

/** `concordat task show`. */
export async function runTaskShow(taskId: number, options: TaskShowOptions): Promise<void> {
  const { task, amount } = await withReader(options, async (chain) => {
    const shown = await readTask(chain, taskId);
    return { task: shown, amount: await amountFormat(chain.provider, shown.terms.rewardToken) };
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
  if (members.length === 0) return;
  print("\nMembers");
  print(
    table(
      [
        { head: "member", align: "right" },
        { head: "node", align: "right" },
        { head: "status" },
        { head: "reputation", align: "right" },
        { head: "earned", align: "right" },
        { head: "claimed", align: "right" },
      ],
      members.map((m) => [m.member, m.node, m.status, m.reputation, amount(m.earned), amount(m.claimed)]),
    ),
  );
}

async function readTask(chain: ChainReader, taskId: number) {
  const { contracts, provider } = chain;
  const { taskRegistry, rewardLedger, roundCoordinator } = contracts;
  const terms = await readTaskTerms(chain, taskId);
  const [status, block] = await Promise.all([taskRegistry.status(taskId), provider.getBlock("latest")]);
  const state = enumName(TaskState, status.state);
  const memberCount = Number(status.memberCount);
  const round = state === "Running" ? await readRound() : undefined;
  return {
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
    members: await Promise.all(Array.from({ length: memberCount }, async (_, i) => readMember(i + 1))),
  };

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

function roundLine(round: NonNullable<Awaited<ReturnType<typeof readTask>>["round"]>): string {
  const { phase, posted, reported, quorum, due, secondsLeft } = round;
  const left = due ? "due to move on" : `at most ${secondsLeft} s left`;
  return `round ${round.round}, ${phase}, ${posted} updates, ${reported} scores, quorum ${quorum}, ${left}`;
}
