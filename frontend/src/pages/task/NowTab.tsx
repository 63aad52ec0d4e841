import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Phase, TaskState } from "@concordat/protocol/contracts/enums";
import { useChainTime } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { amount, count, date, duration, number, ratio } from "#ui/format.ts";
import { Badge, Card, Facts, Meter } from "#ui/parts.tsx";
import { Awaited } from "./Awaited.tsx";
import { NodeLink, NodeNames } from "./NodeLink.tsx";
import { Results } from "./Results.tsx";
import { RoundResult } from "./RoundResult.tsx";
import { TakePart } from "./TakePart.tsx";
import type { Hex } from "viem";
import { committeeOf } from "@concordat/protocol/history/election";
import { currentOpening, currentPhase, finalisedOpenings } from "@concordat/protocol/history/rounds";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** What happens in the task at this moment, and how far it has come. */
export function NowTab({ task }: { readonly task: TaskRecord }): ReactElement {
  const { terms } = task;
  const rewardToken = useToken(terms.rewardToken as Hex);
  const opening = currentOpening(task);
  const finalised = finalisedOpenings(task);
  const last = finalised.at(-1);
  const isOver = task.state >= TaskState.Completed;
  return (
    <div className="stack">
      {isOver && task.state !== TaskState.Cancelled && <Results task={task} />}
      <Card>
        <Facts
          facts={[
            ["Rounds finalised", `${number(finalised.length)} of ${number(terms.rounds)}`],
            ["Nodes", `${number(task.active.length)} of at most ${number(terms.maxNodes)}`],
            ...(isOver
              ? []
              : [
                  [
                    last === undefined ? "Alpha at first" : "Alpha now",
                    ratio(last?.finalised?.alphaBps ?? terms.initialAlphaBps),
                  ] as const,
                ]),
            [
              "Escrow for rewards",
              task.escrow === 0n
                ? "none"
                : task.escrowLeft === task.escrow
                  ? amount(task.escrow, rewardToken)
                  : `${amount(task.escrowLeft, rewardToken)} left of ${amount(task.escrow, rewardToken)}`,
            ],
            ...(task.state === TaskState.Open
              ? [["May start from", date(terms.startTime)] as const]
              : isOver
                ? []
                : [["No round starts after", date(terms.timeLimit)] as const]),
          ]}
        />
        <Meter
          share={finalised.length / terms.rounds}
          label={`${finalised.length} of ${terms.rounds} rounds finalised`}
        />
      </Card>
      {opening !== undefined && <RunningRound task={task} opening={opening} />}
      {task.state === TaskState.Open && <Waiting task={task} />}
      <TakePart task={task} />
      {last !== undefined && (
        <Card
          title={`Round ${last.round}, the last one finalised`}
          aside={
            <Link
              to="/tasks/$taskId"
              params={{ taskId: String(task.taskId) }}
              search={{ tab: "rounds", round: last.round }}
            >
              See its whole record
            </Link>
          }
        >
          <RoundResult task={task} opening={last} />
        </Card>
      )}
    </div>
  );
}

function Waiting({ task }: { readonly task: TaskRecord }): ReactElement {
  const missing = Math.max(0, task.terms.minNodes - task.active.length);
  return (
    <Card title={task.active.length === 0 ? "No node has joined yet" : "Joined so far"}>
      <p>
        {missing > 0
          ? `The task can start once ${count(missing, "more node has", "more nodes have")} joined, from ${date(task.terms.startTime)} on.`
          : `Enough nodes have joined: any account may start it from ${date(task.terms.startTime)} on.`}
      </p>
      {task.active.length > 0 && (
        <NodeNames nodeIds={task.active.flatMap((memberId) => task.members.get(memberId)?.nodeId ?? [])} />
      )}
    </Card>
  );
}

const STEPS = [
  [Phase.Training, "Training", "Every node trains and posts a signed update"],
  [Phase.Aggregation, "Aggregation", "The leader aggregates, the committee attests"],
  [Phase.Negotiation, "Negotiation", "Every node scores each candidate of alpha"],
] as const;

function RunningRound({
  task,
  opening,
}: {
  readonly task: TaskRecord;
  readonly opening: Opening;
}): ReactElement {
  const phase = currentPhase(opening);
  const election = committeeOf(task, opening, phase?.attempt ?? 0);
  return (
    <Card
      title={`Round ${opening.round}${opening.retry > 0 ? `, retry ${opening.retry}` : ""}`}
      aside={phase !== undefined && <Countdown deadline={phase.deadline} />}
    >
      <ol className="phases">
        {STEPS.map(([step, label, what]) => (
          <li
            key={step}
            data-state={
              phase === undefined || step > phase.phase ? "later" : step === phase.phase ? "now" : "done"
            }
            aria-current={step === phase?.phase ? "step" : undefined}
          >
            <strong>{label}</strong>
            <span>{what}</span>
          </li>
        ))}
      </ol>
      <dl className="terms">
        <div>
          <dt>Awaited</dt>
          <dd>
            <Awaited task={task} opening={opening} />
          </dd>
        </div>
        <div>
          <dt>Posted</dt>
          <dd>
            {opening.updates.size} of {count(opening.active.length, "update")}, quorum {opening.quorum};{" "}
            {opening.reports.size} of {count(opening.active.length, "score table")}
          </dd>
        </div>
        <div>
          <dt>Leader</dt>
          <dd>
            {election?.members[0] === undefined ? (
              "not elected yet: the seed is sealed after the next block"
            ) : (
              <>
                <NodeLink nodeId={election.members[0].nodeId} /> of a committee of {election.members.length};{" "}
                {election.threshold} must attest
              </>
            )}
          </dd>
        </div>
      </dl>
    </Card>
  );
}

function Countdown({ deadline }: { readonly deadline: number }): ReactElement {
  const left = deadline - useChainTime();
  return (
    <Badge tone={left > 0 ? "wait" : "bad"}>
      {left > 0
        ? `${duration(left)} left, until ${date(deadline)}`
        : "deadline passed: anyone may advance the phase"}
    </Badge>
  );
}
