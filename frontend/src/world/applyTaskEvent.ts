import { fromBitmap } from "../../../protocol/bitmap.ts";
import { EndReason, TaskState, enumValue } from "../../../protocol/enums.ts";
import { termsFromAbi } from "../../../protocol/taskTerms.ts";
import type { AbiTerms } from "../../../protocol/taskTerms.ts";
import type { EventFrom } from "../events/contracts.ts";
import type { TaskRecord, World } from "./world.ts";

/** Publication, life cycle and roster. */
export function applyTaskEvent(world: World, event: EventFrom<"TaskRegistry">): void {
  if (event.name === "TaskPublished") {
    const { taskId, publisher, escrow, hardEnd, terms } = event.args;
    world.tasks.set(Number(taskId), {
      taskId: Number(taskId),
      publisher,
      // viem gives small integers as numbers; termsFromAbi takes both.
      terms: termsFromAbi(terms as unknown as AbiTerms),
      escrow,
      escrowLeft: escrow,
      hardEnd: Number(hardEnd),
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
  const task = world.tasks.get(Number(event.args.taskId));
  if (task !== undefined) applyToTask(task, event);
}

type TaskEvent = Exclude<EventFrom<"TaskRegistry">, { readonly name: "TaskPublished" }>;

function applyToTask(task: TaskRecord, event: TaskEvent): void {
  switch (event.name) {
    case "TaskStarted":
      task.state = TaskState.Running;
      return;
    case "TaskEnded":
      task.state = enumValue(TaskState, event.args.state);
      task.endReason = enumValue(EndReason, event.args.reason);
      task.roundsPlayed = Number(event.args.roundsPlayed);
      task.ended = event.place;
      return;
    case "TaskCancelled":
      task.state = TaskState.Cancelled;
      task.refunded += event.args.refund;
      task.escrowLeft -= event.args.refund;
      task.ended = event.place;
      return;
    case "MembershipQueued":
      task.queued.set(Number(event.args.nodeId), event.args.join);
      return;
    case "JoinDropped":
      task.queued.delete(Number(event.args.nodeId));
      return;
    case "MemberJoined": {
      const nodeId = Number(event.args.nodeId);
      const memberId = Number(event.args.memberId);
      const member = task.members.get(memberId) ?? { memberId, nodeId, active: true };
      member.active = true;
      task.members.set(memberId, member);
      task.active[Number(event.args.position)] = memberId;
      task.queued.delete(nodeId);
      return;
    }
    case "MemberLeft": {
      const member = task.members.get(Number(event.args.memberId));
      if (member !== undefined) member.active = false;
      // Where the last one moved here instead, MemberMoved follows and names it.
      const position = Number(event.args.position);
      if (position === task.active.length - 1) task.active.pop();
      task.queued.delete(Number(event.args.nodeId));
      return;
    }
    case "MemberMoved":
      task.active[Number(event.args.to)] = Number(event.args.memberId);
      task.active.length = Number(event.args.from);
      return;
    case "EscrowReleased":
      task.escrowLeft -= event.args.amount;
  }
}

/** What rounds were recorded for reputation, and who was paid. */
export function applyLedgerEvent(world: World, event: EventFrom<"RewardLedger">): void {
  const task = world.tasks.get(Number(event.args.taskId));
  if (task === undefined) return;
  switch (event.name) {
    case "RoundRecorded":
      task.recorded.push({
        round: Number(event.args.round),
        accepted: fromBitmap(event.args.accepted),
        lowered: fromBitmap(event.args.lowered),
      });
      return;
    case "Claimed":
      task.claims.push({
        memberId: Number(event.args.memberId),
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
