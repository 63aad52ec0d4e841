import { Interface } from "ethers";
import { MemberStatus, Phase, ProposalState, TaskState } from "@concordat/protocol/contracts/enums";
import { ZERO_DIGEST } from "@concordat/protocol/ids";
import { statusOf } from "@concordat/protocol/rules/roster";
import type { AbiTerms } from "@concordat/protocol/terms/taskTerms";
import { termsFromAbi } from "@concordat/protocol/terms/taskTerms";
import type { CheckPlace, Fact } from "../checks.ts";
import type { Deployment } from "../reading/contracts.ts";
import type { NodeRegistryReplay } from "./nodeRegistryReplay.ts";
import type { ReplayContext } from "./replayContext.ts";
import type { RewardLedgerReplay } from "./rewardLedgerReplay.ts";
import type { RoundCoordinatorReplay } from "./roundCoordinatorReplay.ts";
import type { StakeVaultReplay } from "./stakeVaultReplay.ts";
import type { ReplayedTask, TaskRegistryReplay } from "./taskRegistryReplay.ts";
import type { ViewReader } from "../reading/views.ts";

const ERC20 = new Interface(["function balanceOf(address) view returns (uint256)"]);

/** All replays after the last event. */
export interface Replays {
  readonly nodes: NodeRegistryReplay;
  readonly tasks: TaskRegistryReplay;
  readonly stakes: StakeVaultReplay;
  readonly rewards: RewardLedgerReplay;
  readonly rounds: RoundCoordinatorReplay;
}

type Struct = Readonly<Record<string, Fact>>;

/** Compares the contracts' state with the replay: an event that was forged, left out or never sent shows here. */
export async function checkFinalState(
  context: ReplayContext,
  deployment: Deployment,
  view: ViewReader,
  block: number,
  replays: Replays,
): Promise<void> {
  const place = (subject: string, taskId?: number): CheckPlace =>
    taskId === undefined ? { subject, blockNumber: block } : { subject, blockNumber: block, taskId };
  const { checks, source } = context;
  const { nodes, tasks, stakes } = replays;

  await checkRegistry(context, view, place, nodes);
  checks.expect("task.state", place("tasks"), tasks.tasks.length, await view("TaskRegistry", "taskCount"));
  const audited = tasks.tasks.filter((task) => task.audited);
  for (const task of audited) {
    await checkTask(context, view, place, task);
    await checkRound(context, view, place, task, replays.rounds);
    await checkRewards(context, view, place, task, replays.rewards);
  }
  await checkStakes(context, view, place, stakes);

  const balanceOf = async (token: string, holder: string): Promise<bigint> =>
    BigInt(await source.call(token, ERC20.encodeFunctionData("balanceOf", [holder]), block));
  const escrowTokens = new Set(audited.filter((t) => t.escrow > 0n).map((t) => t.terms.rewardToken));
  for (const token of escrowTokens) {
    const owed = audited.reduce((sum, t) => sum + (t.terms.rewardToken === token ? t.escrow : 0n), 0n);
    const balance = await balanceOf(token, deployment.contracts.TaskRegistry);
    checks.expect("escrow.balance", place(`token ${token}: ${balance} for ${owed}`), true, balance >= owed);
  }
  for (const token of stakes.tokens) {
    const owed = stakes.liabilities(token);
    checks.expect(
      "stake.conservation",
      place(`liabilities in ${token}`),
      owed,
      await view("StakeVault", "liabilities", token),
    );
    const balance = await balanceOf(token, deployment.contracts.StakeVault);
    checks.expect("stake.conservation", place(`${balance} held for ${owed}`), true, balance >= owed);
  }
}

type PlaceOf = (subject: string, taskId?: number) => CheckPlace;

async function checkRegistry(
  { checks }: ReplayContext,
  view: ViewReader,
  place: PlaceOf,
  nodes: NodeRegistryReplay,
): Promise<void> {
  checks.expect(
    "registry.state",
    place("counts"),
    [nodes.nodes.length, nodes.memberCount, nodes.proposals.length, nodes.removals.length],
    [
      await view<bigint>("NodeRegistry", "nodeCount"),
      await view<bigint>("NodeRegistry", "memberCount"),
      await view<bigint>("NodeRegistry", "proposalCount"),
      await view<bigint>("NodeRegistry", "removalCount"),
    ],
  );
  for (const [index, node] of nodes.nodes.entries()) {
    const found = await view<Struct>("NodeRegistry", "node", index + 1);
    checks.expect(
      "registry.state",
      place(`node ${index + 1}`),
      [node.operator, node.signers.at(-1)?.signer, node.isMember, node.encryptionKey, node.endpoints],
      [found["operator"], found["signer"], found["isMember"], found["encryptionKey"], found["endpoints"]],
    );
  }
  for (const [index, proposal] of nodes.proposals.entries()) {
    const found = await view<Struct>("NodeRegistry", "proposal", index + 1);
    // Expired is derived from the clock: what is stored is Open.
    const state = Number(found["state"]) === ProposalState.Expired ? ProposalState.Open : found["state"];
    checks.expect(
      "registry.state",
      place(`proposal ${index + 1}`),
      [proposal.state, proposal.approvals, proposal.rejections, proposal.electorate],
      [state, found["approvals"], found["rejections"], found["electorate"]],
    );
  }
}

async function checkTask(
  { checks }: ReplayContext,
  view: ViewReader,
  place: PlaceOf,
  task: ReplayedTask,
): Promise<void> {
  const { taskId, roster } = task;
  const terms = termsFromAbi(await view<AbiTerms>("TaskRegistry", "terms", taskId));
  checks.expect("task.state", place("terms", taskId), Object.values(task.terms), Object.values(terms));
  const status = await view<Struct>("TaskRegistry", "status", taskId);
  checks.expect(
    "task.state",
    place("status", taskId),
    [task.publisher, task.state, task.endReason, task.roundsPlayed, task.hardEnd, task.escrow],
    ["publisher", "state", "endReason", "roundsPlayed", "hardEnd", "escrow"].map((key) => status[key]),
  );
  const queued = roster.queue
    .map((nodeId) => [nodeId, statusOf(roster, nodeId)] as const)
    .filter(([, wanted]) => wanted === MemberStatus.Joining || wanted === MemberStatus.Leaving);
  const [nodeIds, joins] = await view<[Fact, Fact]>("TaskRegistry", "queuedChanges", taskId);
  checks.expect(
    "roster.state",
    place("roster", taskId),
    [
      roster.active,
      roster.nodes.length,
      roster.removalCursor,
      queued.map(([nodeId]) => nodeId),
      queued.map(([, wanted]) => wanted === MemberStatus.Joining),
    ],
    [
      await view<Fact>("TaskRegistry", "activeMembers", taskId),
      status["memberCount"],
      status["removalCursor"],
      nodeIds,
      joins,
    ],
  );
}

const ROUND_FIELDS = [
  "phase",
  "round",
  "retry",
  "attempt",
  "attemptsLeft",
  "voidsInRow",
  "activeCount",
  "quorum",
  "postedCount",
  "reportedCount",
  "alphaBps",
  "openedAt",
  "phaseStart",
  "deadline",
  "sealBlock",
  "base",
  "aggregate",
  "seed",
] as const;

async function checkRound(
  { checks }: ReplayContext,
  view: ViewReader,
  place: PlaceOf,
  task: ReplayedTask,
  rounds: RoundCoordinatorReplay,
): Promise<void> {
  const { taskId } = task;
  const round = rounds.rounds.get(taskId);
  const found = await view<Struct>("RoundCoordinator", "roundOf", taskId);
  if (round === undefined || round.after === "start") {
    checks.expect("round.state", place("no round", taskId), Phase.None, found["phase"]);
    return;
  }
  const expected: Record<(typeof ROUND_FIELDS)[number], Fact> = {
    phase: round.phase,
    round: round.round,
    retry: round.retry,
    attempt: round.attempt,
    attemptsLeft: round.attemptsLeft,
    voidsInRow: round.voidsInRow,
    activeCount: round.active.length,
    quorum: round.quorum,
    postedCount: round.posted.size,
    reportedCount: round.totals.reports,
    alphaBps: round.alphaBps,
    openedAt: round.openedAt,
    phaseStart: round.phaseStart,
    deadline: round.deadline,
    sealBlock: round.sealBlock,
    base: round.base,
    // A task that ended before its last opening had an aggregate shows the one before.
    aggregate: round.phase === Phase.Ended ? round.lastAggregate : (round.aggregate?.digest ?? ZERO_DIGEST),
    seed: round.seed ?? ZERO_DIGEST,
  };
  for (const field of ROUND_FIELDS) {
    checks.expect("round.state", place(field, taskId), expected[field], found[field]);
  }
  const [sums, squares] = await view<[Fact, Fact]>("RoundCoordinator", "sumsOf", taskId);
  checks.expect(
    "round.state",
    place("sums", taskId),
    [round.totals.sums, round.totals.squares],
    [sums, squares],
  );
}

async function checkRewards(
  { checks }: ReplayContext,
  view: ViewReader,
  place: PlaceOf,
  task: ReplayedTask,
  rewards: RewardLedgerReplay,
): Promise<void> {
  const { taskId } = task;
  const recorded = rewards.book(taskId).outcomes.length;
  checks.expect(
    "reward.state",
    place("recorded rounds", taskId),
    recorded,
    await view("RewardLedger", "recordedRounds", taskId),
  );
  for (let memberId = 1; memberId <= task.roster.nodes.length; memberId++) {
    for (const [name, account] of [
      ["accountOf", rewards.settledAccount(task, memberId)],
      ["storedAccountOf", rewards.storedAccount(task, memberId)],
    ] as const) {
      const found = await view<Struct>("RewardLedger", name, taskId, memberId);
      checks.expect(
        "reward.state",
        place(`${name} member ${memberId}`, taskId),
        [account.settledRounds, account.reputation, account.earned, account.claimed],
        [found["settledRounds"], found["reputation"], found["earned"], found["claimed"]],
      );
    }
  }
  const ended = task.state === TaskState.Completed || task.state === TaskState.Aborted;
  checks.expect(
    "reward.state",
    place("refundable", taskId),
    ended ? rewards.refundable(task) : 0n,
    await view("RewardLedger", "refundable", taskId),
  );
}

async function checkStakes(
  { checks }: ReplayContext,
  view: ViewReader,
  place: PlaceOf,
  stakes: StakeVaultReplay,
): Promise<void> {
  for (const { nodeId, token, stake, pending } of stakes.stakes.values()) {
    const found = await view<readonly Struct[]>("StakeVault", "pendingOf", nodeId, token);
    checks.expect(
      "stake.state",
      place(`node ${nodeId} in ${token}`),
      [stake, pending.map(({ amount, releaseTime }) => [amount, releaseTime])],
      [
        await view<bigint>("StakeVault", "stakeOf", nodeId, token),
        found.map((entry) => [entry["amount"], entry["releaseTime"]]),
      ],
    );
  }
  for (const { token, account, amount } of stakes.proceeds.values()) {
    checks.expect(
      "stake.state",
      place(`proceeds of ${account}`),
      amount,
      await view("StakeVault", "proceedsOf", account, token),
    );
  }
}
