import { fromBitmap } from "../rules/bitmap.ts";
import { EndReason, TaskState } from "../contracts/enums.ts";
import type { EventFrom } from "../events/concordatEvent.ts";
import { draft } from "./draft.ts";
import type { Draft } from "./draft.ts";
import type { TaskRecord, FederationState } from "./federationState.ts";

/** Publication, life cycle and roster. */
export function applyTaskEvent(federation: FederationState, event: EventFrom<"TaskRegistry">): void {
  if (event.name === "TaskPublished") {
    const { taskId, publisher, escrow, hardEnd, terms } = event.args;
    draft(federation).tasks.set(taskId, {
      taskId,
      publisher,
      terms,
      escrow,
      escrowLeft: escrow,
      hardEnd,
      published: event.place,
      state: TaskState.Open,
      endReason: EndReason.None,
      roundsPlayed: 0,
      ended: undefined,
      members: new Map(),
      active: [],
      queued: new Map(),
      openings: [],
      recorded: [],
      claims: [],
      refunded: 0n,
    });
    return;
  }
  const task = draft(federation.tasks.get(event.args.taskId));
  if (task !== undefined) applyToTask(task, event);
}

type TaskEvent = Exclude<EventFrom<"TaskRegistry">, { readonly name: "TaskPublished" }>;

function applyToTask(task: Draft<TaskRecord>, event: TaskEvent): void {
  switch (event.name) {
    case "TaskStarted":
      task.state = TaskState.Running;
      return;
    case "TaskEnded":
      task.state = event.args.state;
      task.endReason = event.args.reason;
      task.roundsPlayed = event.args.roundsPlayed;
      task.ended = event.place;
      return;
    case "TaskCancelled":
      task.state = TaskState.Cancelled;
      task.refunded += event.args.refund;
      task.escrowLeft -= event.args.refund;
      task.ended = event.place;
      return;
    case "MembershipQueued":
      task.queued.set(event.args.nodeId, event.args.join);
      return;
    case "JoinDropped":
      task.queued.delete(event.args.nodeId);
      return;
    case "MemberJoined": {
      const { nodeId, memberId, position } = event.args;
      const member = task.members.get(memberId);
      if (member === undefined) task.members.set(memberId, { memberId, nodeId, active: true });
      else draft(member).active = true;
      task.active[position] = memberId;
      task.queued.delete(nodeId);
      return;
    }
    case "MemberLeft": {
      const member = draft(task.members.get(event.args.memberId));
      if (member !== undefined) member.active = false;
      // Where the last one moved here instead, MemberMoved follows and names it.
      if (event.args.position === task.active.length - 1) task.active.pop();
      task.queued.delete(event.args.nodeId);
      return;
    }
    case "MemberMoved":
      task.active[event.args.to] = event.args.memberId;
      task.active.length = event.args.from;
      return;
    case "EscrowReleased":
      task.escrowLeft -= event.args.amount;
  }
}

/** What rounds were recorded for reputation, and who was paid. */
export function applyLedgerEvent(federation: FederationState, event: EventFrom<"RewardLedger">): void {
  const task = draft(federation.tasks.get(event.args.taskId));
  if (task === undefined) return;
  switch (event.name) {
    case "RoundRecorded":
      task.recorded.push({
        round: event.args.round,
        accepted: fromBitmap(event.args.accepted),
        lowered: fromBitmap(event.args.lowered),
      });
      return;
    case "Claimed":
      task.claims.push({
        memberId: event.args.memberId,
        amount: event.args.amount,
        place: event.place,
      });
      return;
    case "Refunded":
      task.refunded += event.args.amount;
      return;
    case "Settled":
  }
}
