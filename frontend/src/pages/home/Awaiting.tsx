import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { Phase, TaskState, enumName } from "@concordat/protocol/contracts/enums";
import { useChainTime, useFederationState } from "#chain/useFederation.ts";
import { date, duration } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";
import { useWallet } from "#wallet/useWallet.ts";
import { Vote, mayVote } from "../nodes/Votes.tsx";
import { TaskLink } from "./TaskLink.tsx";
import { memberOf } from "./membership.ts";
import { awaited } from "@concordat/protocol/history/election";
import { currentOpening, currentPhase } from "@concordat/protocol/history/rounds";
import type { NodeRecord, TaskRecord } from "@concordat/protocol/history/federationState";

/** Votes, duties of the present phases, and tasks that are open to join. */
export function Awaiting(): ReactElement {
  const { federation } = useFederationState();
  const { ownNode } = useWallet();
  return (
    <Card title="What awaits you">
      {ownNode === undefined ? <NoNode /> : <Waiting node={ownNode} tasks={[...federation.tasks.values()]} />}
    </Card>
  );
}

function NoNode(): ReactElement {
  const { formerNodes } = useWallet();
  const former = formerNodes.at(-1);
  return (
    <p>
      {former === undefined
        ? "Your account operates no node. "
        : `Your node ${former.nodeId} is no member any more; what it staked and earned is still yours. `}
      <Link to="/nodes">Register {former === undefined ? "one" : "a new one"}</Link>, or{" "}
      <Link to="/publish">publish a task</Link>.
    </p>
  );
}

function Waiting({
  node,
  tasks,
}: {
  readonly node: NodeRecord;
  readonly tasks: readonly TaskRecord[];
}): ReactElement {
  const { federation } = useFederationState();
  const now = useChainTime();
  const votes = [...federation.proposals.values()].filter((proposal) => mayVote(proposal, node, now));
  const duties = tasks.flatMap((task) => dutyOf(task, node, now));
  const open = tasks.filter(
    (task) =>
      task.state === TaskState.Open && now < task.terms.timeLimit && memberOf(task, node)?.active !== true,
  );
  if (votes.length + duties.length + open.length === 0)
    return <p>Nothing. Your node does its work by itself.</p>;
  return (
    <>
      {votes.map((proposal) => (
        <Vote key={proposal.proposalId} proposal={proposal} now={now} />
      ))}
      {duties}
      {open.map((task) => (
        <p key={task.taskId}>
          <TaskLink task={task} /> is open to join until {date(task.terms.timeLimit)}.
        </p>
      ))}
    </>
  );
}

/** What the node owes the present phase of a task. */
function dutyOf(task: TaskRecord, node: NodeRecord, now: number): ReactNode[] {
  const opening = currentOpening(task);
  const phase = opening === undefined ? undefined : currentPhase(opening);
  if (opening === undefined || phase === undefined) return [];
  if (!awaited(task, opening).some(({ nodeId }) => nodeId === node.nodeId)) return [];
  const left = phase.deadline - now;
  return [
    <p key={`duty-${task.taskId}`}>
      <TaskLink task={task} />: your node is awaited in the {enumName(Phase, phase.phase).toLowerCase()} of
      round {opening.round}, {left > 0 ? `${duration(left)} left` : "and the deadline has passed"}.
    </p>,
  ];
}
