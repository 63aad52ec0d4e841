import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { awaitedIn } from "@concordat/protocol/rules/awaited";
import type { RoundInProgress } from "@concordat/protocol/rules/awaited";
import { useChainTime } from "#chain/useFederation.ts";
import { count, duration } from "#ui/format.ts";
import { NodeNames } from "./NodeLink.tsx";
import { committeeOf } from "@concordat/protocol/history/election";
import { currentPhase } from "@concordat/protocol/history/rounds";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** Whom the round waits for, what happens if they stay silent, and what anybody can do about it. */
export function Awaited({
  task,
  opening,
}: {
  readonly task: TaskRecord;
  readonly opening: Opening;
}): ReactElement {
  const now = useChainTime();
  const round = inProgress(task, opening);
  if (round === undefined) return <>nobody</>;
  const awaited = awaitedIn(round, now);
  switch (awaited.kind) {
    case "nobody":
      return <>nobody: the next transaction moves the phase</>;
    case "election":
      return <>the block that seeds the election; any call of the round then settles it</>;
    case "advance":
      return (
        <Lines>
          <span>
            anybody: the phase is over since {duration(now - awaited.since)}, and is moved on by a button
            below
          </span>
          {awaited.nodes.length > 0 && (
            <>
              <span className="row">
                Did not act in time: <NodeNames nodeIds={awaited.nodes} />
              </span>
              <Remedy nodes={awaited.nodes} />
            </>
          )}
        </Lines>
      );
    case "aggregate":
      return (
        <Lines>
          <span className="row">
            an aggregate from {awaited.mayPropose.length > 1 && "one of "}
            <NodeNames nodeIds={awaited.mayPropose} />
          </span>
          {awaited.next !== undefined && (
            <span className="row">
              In {duration(awaited.next.at - now)} also from <NodeNames nodeIds={[awaited.next.node]} />
            </span>
          )}
          <span className="card-note">
            Without one in {duration(round.deadline - now)}
            {round.attempt + 1 < task.terms.maxAttempts
              ? ", another committee tries."
              : ", the round is void and opens again."}
          </span>
        </Lines>
      );
    case "updates":
    case "scores": {
      if (awaited.nodes.length === 0) return <>nobody: the next transaction moves the phase</>;
      const missing = round.quorum - awaited.acted;
      return (
        <Lines>
          <NodeNames nodeIds={awaited.nodes} />
          <span className="card-note">
            {missing <= 0
              ? `The quorum is there: in ${duration(round.deadline - now)} the round goes on without ${awaited.nodes.length === 1 ? "it" : "them"}.`
              : `${count(missing, "more is", "more are")} needed in ${duration(round.deadline - now)}, or ${awaited.kind === "updates" ? "the round is void and opens again" : "alpha stays as it is"}.`}
          </span>
          <Remedy nodes={awaited.nodes} />
        </Lines>
      );
    }
  }
}

/** The remedy for a node that is silent for good. */
function Remedy({ nodes }: { readonly nodes: readonly number[] }): ReactElement {
  const [first = 0, ...others] = nodes;
  return (
    <span className="card-note">
      {others.length === 0 ? `If node ${first} is gone for good` : "If one is gone for good"}, members can{" "}
      <Link to="/nodes" search={{ node: first }}>
        vote it out
      </Link>
      .
    </span>
  );
}

function Lines({ children }: { readonly children: ReactNode }): ReactElement {
  return <span className="stack-tight">{children}</span>;
}

function inProgress(task: TaskRecord, opening: Opening): RoundInProgress | undefined {
  const phase = currentPhase(opening);
  if (phase === undefined) return undefined;
  const memberIds = (nodes: ReadonlyMap<number, { readonly memberId: number }>): ReadonlySet<number> =>
    new Set([...nodes.values()].map(({ memberId }) => memberId));
  return {
    taskId: task.taskId,
    phase: phase.phase,
    round: opening.round,
    attempt: phase.attempt,
    quorum: opening.quorum,
    phaseStart: phase.start,
    deadline: phase.deadline,
    slotSeconds: task.terms.slotSeconds,
    active: new Map(opening.active.map(({ memberId, nodeId }) => [memberId, nodeId])),
    posted: memberIds(opening.updates),
    reported: memberIds(opening.reports),
    committee: committeeOf(task, opening, phase.attempt)?.members.map(({ nodeId }) => nodeId),
  };
}
