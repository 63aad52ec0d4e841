import { EndReason, TaskState, enumName } from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import { escrowOf } from "@concordat/protocol/rules/rewardSchedule";
import {
  activate,
  applyChanges,
  deactivate,
  drop,
  emptyRoster,
  enqueue,
  followRemovals,
  hasPlace,
  isActive,
} from "@concordat/protocol/rules/roster";
import type { Roster, RosterChange, RosterEvent, RosterFacts } from "@concordat/protocol/rules/roster";
import { hardEndOf } from "@concordat/protocol/rules/roundClock";
import { validateTerms } from "@concordat/protocol/rules/validateTerms";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { Deployment } from "../reading/contracts.ts";
import type { NodeRegistryReplay } from "./nodeRegistryReplay.ts";
import type { ReplayContext } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";
import type { StakeVaultReplay } from "./stakeVaultReplay.ts";

/** A task as the events make it. */
export interface ReplayedTask {
  readonly taskId: number;
  readonly publisher: string;
  readonly terms: TaskTerms;
  readonly hardEnd: number;
  /** Whether its coordinator, vault and ledger are those of the deployment: others cannot be replayed. */
  readonly audited: boolean;
  roster: Roster;
  state: TaskState;
  endReason: EndReason;
  roundsPlayed: number;
  escrow: bigint;
  /** Roster events that have to follow in this order. */
  pending: RosterEvent[];
  /** Amount and receiver that the ledger told the registry to pay in this transaction. */
  release: { readonly to: string; readonly amount: bigint } | undefined;
}

/** How a task must end now, by its coordinator's replay. */
export type ExpectedEnd = (taskId: number, now: number) => { reason: EndReason; roundsPlayed: number };

type RosterEventName = "MemberJoined" | "MemberLeft" | "MemberMoved" | "JoinDropped";

/** What is asked: terms, rosters, escrow and life cycles, derived from publications, joins, removals and stakes. */
export class TaskRegistryReplay {
  readonly tasks: ReplayedTask[] = [];
  readonly #context: ReplayContext;
  readonly #deployment: Deployment;
  readonly #nodes: NodeRegistryReplay;
  readonly #stakes: StakeVaultReplay;
  readonly #only: number | undefined;

  /** @param only Replays this task alone; of others only the publication. */
  constructor(
    context: ReplayContext,
    deployment: Deployment,
    nodes: NodeRegistryReplay,
    stakes: StakeVaultReplay,
    only: number | undefined,
  ) {
    this.#only = only;
    this.#context = context;
    this.#deployment = deployment;
    this.#nodes = nodes;
    this.#stakes = stakes;
  }

  task(taskId: number): ReplayedTask | undefined {
    return this.tasks[taskId - 1];
  }

  async apply(event: EventFrom<"TaskRegistry">, expectedEnd: ExpectedEnd): Promise<void> {
    if (event.name === "TaskPublished") return this.#published(event);
    const task = this.task(event.args.taskId);
    if (task === undefined) {
      const place = placeOf(event, event.name, event.args.taskId);
      this.#context.checks.expect("task.state", place, "a published task", "none");
      return;
    }
    if (!task.audited) return;
    switch (event.name) {
      case "TaskStarted":
        return this.#started(event, task);
      case "TaskEnded":
        return this.#ended(event, task, expectedEnd);
      case "TaskCancelled":
        return this.#cancelled(event, task);
      case "MembershipQueued":
        return this.#queued(event, task);
      case "MemberJoined":
      case "MemberLeft":
      case "MemberMoved":
      case "JoinDropped":
        return this.#rosterEvent(event, task);
      case "EscrowReleased":
        return this.#released(event, task);
    }
  }

  /** Applies the changes of an opening to the roster; their events have to come next. */
  beginOpening(task: ReplayedTask): void {
    task.pending.push(...change(task, applyChanges(task.roster, this.#factsOf(task))));
  }

  async #published(event: Named<EventFrom<"TaskRegistry">, "TaskPublished">): Promise<void> {
    const { args } = event;
    const taskId = args.taskId;
    const { terms } = args;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const place = placeOf(event, "publication", taskId);
    const { coordinator, stakeVault, rewardLedger } = terms;
    const { contracts } = this.#deployment;
    const inBook =
      [coordinator, stakeVault, rewardLedger].join().toLowerCase() ===
      [contracts.RoundCoordinator, contracts.StakeVault, contracts.RewardLedger].join().toLowerCase();
    const hardEnd = hardEndOf(terms);
    const checks = this.#context.checks;
    checks.expect("task.terms", { ...place, subject: "id" }, this.tasks.length + 1, args.taskId);
    checks.expect("task.terms", place, "valid", this.#faultOf(terms, now));
    checks.expect("task.terms", { ...place, subject: "hard end" }, hardEnd, args.hardEnd);
    checks.expect("task.terms", { ...place, subject: "manifest" }, terms.manifestDigest, args.manifestDigest);
    checks.expect("task.escrow", { ...place, subject: "escrow" }, escrowOf(terms), args.escrow);
    const audited = inBook && (this.#only ?? taskId) === taskId;
    if (!inBook) {
      checks.notRecomputed("task.terms", place, coordinator, "its contracts are not in the address book");
    }
    this.tasks.push({
      taskId,
      publisher: args.publisher,
      terms,
      hardEnd,
      audited,
      roster: emptyRoster(terms.maxNodes, this.#nodes.removals.length),
      state: TaskState.Open,
      endReason: EndReason.None,
      roundsPlayed: 0,
      escrow: args.escrow,
      pending: [],
      release: undefined,
    });
  }

  async #started(event: Named<EventFrom<"TaskRegistry">, "TaskStarted">, task: ReplayedTask): Promise<void> {
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const { terms } = task;
    const place = placeOf(event, "start", task.taskId);
    // Leaves of removed nodes were replayed as they came; the rule now finds none that is still active.
    const forgotten = change(task, followRemovals(task.roster, this.#factsOf(task)));
    this.#context.checks.expect("roster.change", place, [], forgotten);
    const activeCount = task.roster.active.length;
    this.#context.checks.expect(
      "task.start",
      place,
      [TaskState.Open, true, true, activeCount],
      [
        task.state,
        now >= terms.startTime && now < terms.timeLimit,
        activeCount >= terms.minNodes,
        event.args.activeCount,
      ],
    );
    task.state = TaskState.Running;
  }

  async #ended(
    event: Named<EventFrom<"TaskRegistry">, "TaskEnded">,
    task: ReplayedTask,
    expectedEnd: ExpectedEnd,
  ): Promise<void> {
    const { state, reason, roundsPlayed } = event.args;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const expected = expectedEnd(task.taskId, now);
    const aborted = expected.reason === EndReason.VoidRounds || expected.reason === EndReason.TooFewNodes;
    this.#context.checks.expect(
      "task.end",
      placeOf(event, "end", task.taskId),
      [aborted ? "Aborted" : "Completed", enumName(EndReason, expected.reason), expected.roundsPlayed],
      [enumName(TaskState, state), enumName(EndReason, reason), roundsPlayed],
    );
    this.checkNothingPending(task, placeOf(event, "changes before the end", task.taskId));
    task.state = aborted ? TaskState.Aborted : TaskState.Completed;
    task.endReason = expected.reason;
    task.roundsPlayed = expected.roundsPlayed;
  }

  #cancelled(event: Named<EventFrom<"TaskRegistry">, "TaskCancelled">, task: ReplayedTask): void {
    this.#context.checks.expect(
      "escrow.release",
      placeOf(event, "cancellation", task.taskId),
      [TaskState.Open, task.escrow],
      [task.state, event.args.refund],
    );
    task.state = TaskState.Cancelled;
    task.escrow = 0n;
  }

  #queued(event: Named<EventFrom<"TaskRegistry">, "MembershipQueued">, task: ReplayedTask): void {
    const nodeId = event.args.nodeId;
    const { join } = event.args;
    const place = placeOf(event, `node ${nodeId} asks to ${join ? "join" : "leave"}`, task.taskId);
    this.#context.checks.expect("roster.member", place, TaskState.Running, task.state);
    if (join) this.#checkMayJoin(task, nodeId, place);
    this.#context.checks.expect("roster.member", place, !join, isActive(task.roster, nodeId));
    task.roster = enqueue(task.roster, nodeId, join);
  }

  #rosterEvent(event: Named<EventFrom<"TaskRegistry">, RosterEventName>, task: ReplayedTask): void {
    const found = rosterEventOf(event);
    const place = placeOf(event, found[0], task.taskId);
    if (task.pending.length === 0) task.pending.push(...this.#ownDecision(event, task, place));
    const kind = event.name === "JoinDropped" ? "roster.change" : "roster.position";
    this.#context.checks.expect(kind, place, task.pending.shift(), found);
  }

  /** The events of a member's own decision, which no rule foresees: join or leave an open task, withdraw a queued join. */
  #ownDecision(
    event: Named<EventFrom<"TaskRegistry">, RosterEventName>,
    task: ReplayedTask,
    place: ReturnType<typeof placeOf>,
  ): readonly RosterEvent[] {
    if (event.name === "MemberMoved") return [];
    const nodeId = event.args.nodeId;
    const open = task.state === TaskState.Open;
    if (event.name === "MemberJoined" && open) {
      this.#checkMayJoin(task, nodeId, place);
      this.#context.checks.expect("roster.member", place, true, hasPlace(task.roster));
      return change(task, activate(task.roster, nodeId));
    }
    if (event.name === "MemberLeft" && open && isActive(task.roster, nodeId)) {
      return change(task, deactivate(task.roster, nodeId));
    }
    return event.name === "JoinDropped" && !open ? change(task, drop(task.roster, nodeId)) : [];
  }

  #released(event: Named<EventFrom<"TaskRegistry">, "EscrowReleased">, task: ReplayedTask): void {
    const { to, amount } = event.args;
    this.#context.checks.expect(
      "escrow.release",
      placeOf(event, `payment to ${to}`, task.taskId),
      [task.release?.to, task.release?.amount, true],
      [to, amount, amount <= task.escrow],
    );
    task.release = undefined;
    task.escrow -= amount;
  }

  /** Every roster event that the rules foresaw has come. */
  checkNothingPending(task: ReplayedTask, place: ReturnType<typeof placeOf>): void {
    this.#context.checks.expect("roster.change", place, task.pending, []);
    task.pending = [];
  }

  #checkMayJoin(task: ReplayedTask, nodeId: number, place: ReturnType<typeof placeOf>): void {
    const facts = this.#factsOf(task);
    this.#context.checks.expect(
      "roster.member",
      place,
      ["registered", "staked", "no member"],
      [
        facts.isRegistered(nodeId) ? "registered" : "not registered",
        facts.hasStake(nodeId) ? "staked" : "not staked",
        isActive(task.roster, nodeId) ? "member" : "no member",
      ],
    );
  }

  #factsOf(task: ReplayedTask): RosterFacts {
    const { minStake, stakeToken } = task.terms;
    return {
      removals: this.#nodes.removals,
      isRegistered: (nodeId) => this.#nodes.isMember(nodeId),
      hasStake: (nodeId) => minStake === 0n || this.#stakes.stakeOf(nodeId, stakeToken) >= minStake,
    };
  }

  #faultOf(terms: TaskTerms, now: number): string {
    const fault = validateTerms(terms, { now });
    if (fault !== undefined) return fault.error;
    const disputesEnd = hardEndOf(terms) + terms.disputeWindowSeconds;
    const bound = terms.minStake === 0n || this.#stakes.unbondingPeriod > disputesEnd - now;
    return bound ? "valid" : "UnbondingTooShort";
  }
}

/** Takes a change over, and gives its events. */
function change(task: ReplayedTask, { roster, events }: RosterChange): readonly RosterEvent[] {
  task.roster = roster;
  return events;
}

function rosterEventOf(event: Named<EventFrom<"TaskRegistry">, RosterEventName>): RosterEvent {
  switch (event.name) {
    case "MemberJoined":
    case "MemberLeft": {
      const { nodeId, memberId, position } = event.args;
      return [event.name, Number(nodeId), Number(memberId), Number(position)];
    }
    case "MemberMoved":
      return [event.name, event.args.memberId, event.args.from, event.args.to];
    case "JoinDropped":
      return [event.name, event.args.nodeId];
  }
}
