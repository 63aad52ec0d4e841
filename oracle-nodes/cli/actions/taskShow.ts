import { MemberStatus } from "@concordat/protocol/contracts/enums";
import { ConcordatError } from "@concordat/protocol/errors";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { momentWords } from "@concordat/protocol/words/timeWords";
import { privacyLines } from "@concordat/learning/privacy/taskPrivacy";
import type { ChainOptions } from "../chainOptions.ts";
import { readNodeConfig } from "@concordat/node/setup/nodeConfigFile";
import { withReader } from "../openChain.ts";
import { pairs, print, printJson, table } from "@concordat/console/output";
import type { Column } from "@concordat/console/output";
import { ownModelLines } from "../ownModel.ts";
import { readTask } from "../readTask.ts";
import { readableTerms } from "../readableTerms.ts";
import type { TaskBudgets } from "../taskBudgets.ts";
import { amountFormat } from "@concordat/chain/contracts/token";
import { END_WORDS, MEMBER_WORDS, STATE_WORDS, percentWords } from "@concordat/protocol/words/enumWords";

/** Shown where the task asks for privacy, of members that posted an update. */
const BUDGET_COLUMNS: readonly Column[] = [
  { head: "records", align: "right" },
  { head: "epsilon in all rounds", align: "right" },
];

export interface TaskShowOptions extends ChainOptions {
  readonly json?: true;
}

type Shown = Awaited<ReturnType<typeof readTask>>;

/** `concordat task show`. */
export async function runTaskShow(taskId: number, options: TaskShowOptions): Promise<void> {
  const config = options.config === undefined ? undefined : await readNodeConfig(options.config);
  const { shown, reward, stake, own } = await withReader(options, async (chain) => {
    const read = await readTask(chain, taskId, config?.providers ?? []);
    const { rewardToken, stakeToken } = read.task.terms;
    return {
      shown: read,
      reward: await amountFormat(chain.provider, rewardToken),
      stake: await amountFormat(chain.provider, stakeToken),
      own: config === undefined ? [] : await ownModelLines(chain, config, taskId),
    };
  });
  const { task, budgets, at } = shown;
  if (options.json) return printJson(task);
  print(heading(shown));
  print(pairs([...stateLines(shown, reward), ...own]));
  for (const line of shown.awaited) print(`  ${line}`);
  print("\nTerms");
  print(pairs(readableTerms(task.terms, { now: at.timestamp, reward, stake })));
  print("\nPrivacy");
  print(pairs(budgetLines(budgets, task.terms)));
  if (task.members.length === 0) return;
  print("\nMembers");
  print(memberTable(shown, reward));
}

function heading({ task, state, endReason }: Shown): string {
  const why = END_WORDS[endReason];
  return `Task ${task.task}: ${STATE_WORDS[state]}${why === "" ? "" : `, ${why}`}`;
}

function stateLines({ task, at }: Shown, reward: (amount: bigint) => string): (readonly [string, string])[] {
  const { status, terms, round } = task;
  return [
    ["publisher", status.publisher],
    ["rounds played", `${status.roundsPlayed} of ${terms.rounds}`],
    ["active nodes", `${status.activeCount} (${terms.minNodes} to ${terms.maxNodes})`],
    ["escrow", reward(status.escrow)],
    ["hard end", momentWords(status.hardEnd, at.timestamp)],
    ...(round === undefined
      ? []
      : ([
          ["alpha now", percentWords(round.alphaBps)],
          ["now", roundLine(round)],
          ["until", momentWords(round.deadline, at.timestamp)],
        ] as const)),
  ];
}

function roundLine({
  round,
  retry,
  attempt,
  phase,
  posted,
  reported,
  quorum,
}: NonNullable<Shown["task"]["round"]>) {
  const again = retry === 0 ? "" : `, opened for the ${ordinal(retry + 1)} time`;
  const committee = attempt === 0 ? "" : `, committee ${attempt + 1}`;
  return `round ${round}${again}, ${phase.toLowerCase()}${committee}, ${posted} updates, ${reported} scores, quorum ${quorum}`;
}

function ordinal(n: number): string {
  const last = n % 100 >= 11 && n % 100 <= 13 ? 0 : n % 10;
  return `${n}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

function memberTable({ task: { members } }: Shown, reward: (amount: bigint) => string): string {
  const hasBudgets = members.some(({ budget }) => budget !== undefined);
  return table(
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
      MEMBER_WORDS[MemberStatus[m.status as keyof typeof MemberStatus]],
      m.reputation,
      reward(m.earned),
      reward(m.claimed),
      ...(hasBudgets ? [budget?.records ?? "", budget?.epsilon.toPrecision(3) ?? ""] : []),
    ]),
  );
}

/** For the member that spends most, and before any has posted for one of as many records as the terms allow. */
function budgetLines(budgets: TaskBudgets | ConcordatError, { rounds, maxSamples }: TaskTerms) {
  if (budgets instanceof ConcordatError) return [["privacy", `unknown: ${budgets.oneLine}`]] as const;
  const posted = [...budgets.members.values()].map(({ records }) => records);
  return privacyLines(budgets.manifest, rounds, posted.length === 0 ? maxSamples : Math.min(...posted));
}
