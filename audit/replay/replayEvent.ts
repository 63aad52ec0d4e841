import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { memberIdOf } from "@concordat/protocol/rules/roster";
import type { CheckKind } from "../checks.ts";
import { UNDECODABLE } from "../reading/decodeLog.ts";
import type { AuditEvent } from "../reading/eventLog.ts";
import type { Replays } from "./finalState.ts";
import type { ReplayContext } from "./replayContext.ts";

/** Where a replay's impossible event is booked. */
const STATE_KIND: Readonly<Record<ContractName, CheckKind>> = {
  NodeRegistry: "registry.state",
  TaskRegistry: "task.state",
  StakeVault: "stake.state",
  RewardLedger: "reward.state",
  RoundCoordinator: "round.state",
};

/** Replays one event; a value that no contract can have emitted is a disagreement, not a failure of the audit. */
export async function replayEvent(
  context: ReplayContext,
  replays: Replays,
  event: AuditEvent,
): Promise<void> {
  if (event.name === UNDECODABLE) {
    const place = { ...event.place, subject: event.args.event };
    context.checks.expect(STATE_KIND[event.contract], place, "bytes that fit the event", event.args.problem);
    return;
  }
  try {
    await dispatch(replays, event);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { subject: event.name, blockNumber: event.place.blockNumber };
    context.checks.expect(STATE_KIND[event.contract], place, "a possible event", error.message);
  }
}

async function dispatch(
  { nodes, tasks, stakes, rewards, rounds }: Replays,
  event: ConcordatEvent,
): Promise<void> {
  switch (event.contract) {
    case "NodeRegistry":
      return nodes.apply(event);
    case "TaskRegistry":
      return tasks.apply(event, (taskId, now) => rounds.expectedEnd(taskId, now));
    case "StakeVault":
      return stakes.apply(event, (taskId) => {
        const task = tasks.task(taskId);
        return (
          task && {
            terms: task.terms,
            hardEnd: task.hardEnd,
            isMember: (nodeId) => memberIdOf(task.roster, nodeId) !== 0,
          }
        );
      });
    case "RewardLedger":
      return rewards.apply(event, (taskId) => rounds.outcomeOf(taskId));
    case "RoundCoordinator":
      return rounds.apply(event);
  }
}
