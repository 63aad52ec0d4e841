import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { ElectionMode, Phase, SkipReason, enumName } from "@concordat/protocol/contracts/enums";
import { committeeSize } from "@concordat/protocol/rules/committeeElection";
import { Hash } from "#ui/Account.tsx";
import { Moment } from "#ui/Moment.tsx";
import { date, duration, number, percent } from "#ui/format.ts";
import { Badge, Card, Notice, Table } from "#ui/parts.tsx";
import { VOID_WORDS } from "@concordat/protocol/words/enumWords";
import { HeatMap } from "./HeatMap.tsx";
import { NodeLink, NodeNames } from "./NodeLink.tsx";
import { RoundCurves } from "./RoundCurves.tsx";
import { RoundGas } from "./RoundGas.tsx";
import { RoundResult } from "./RoundResult.tsx";
import { Outcome } from "./Outcome.tsx";
import { committeeOf } from "@concordat/protocol/history/election";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

interface Props {
  readonly task: TaskRecord;
  readonly opening: Opening;
}

/** The whole record of one round: who was elected and how, what was posted, accepted, attested and chosen. */
export function RoundDetail({ task, opening }: Props): ReactElement {
  const { round, retry, voided } = opening;
  return (
    <>
      <Card
        title={`Round ${round}${retry > 0 ? `, retry ${retry}` : ""}`}
        aside={<Outcome opening={opening} />}
      >
        {voided !== undefined && (
          <Notice tone="bad">
            <p>
              This round was void because {VOID_WORDS[voided.reason]}. It changed neither reputation nor
              rewards.{" "}
              {voided.inRow > 1 &&
                `It was void round ${number(voided.inRow)} in a row; ${number(task.terms.maxVoidRounds)} end the task.`}
            </p>
          </Notice>
        )}
        <RoundResult task={task} opening={opening} />
        <Phases opening={opening} />
        <Link to="/audit" search={{ task: task.taskId, round }}>
          See all its events, and recompute every decision
        </Link>
      </Card>
      <Election task={task} opening={opening} />
      <Updates task={task} opening={opening} />
      {opening.reports.size > 0 && (
        <Card
          title="Accuracy table"
          note={`Each node’s score of each candidate of alpha on its own validation split. The mean and the variance below are what the contract chooses by${opening.finalised === undefined ? "" : "; the framed column was chosen"}.`}
        >
          <HeatMap task={task} opening={opening} />
          <RoundCurves task={task} opening={opening} />
        </Card>
      )}
      <RoundGas opening={opening} />
    </>
  );
}

function Phases({ opening }: { readonly opening: Opening }): ReactElement {
  return (
    <Table caption="Phases" head={["Phase", "Attempt", "Began", "Lasted", "Deadline", "Transaction"]}>
      {opening.phases.map(({ phase, attempt, start, deadline, place }, index) => (
        <tr key={place.logIndex + place.blockNumber * 10_000}>
          <th scope="row">{enumName(Phase, phase)}</th>
          <td>{attempt}</td>
          <td>
            <Moment at={start} />
          </td>
          <td>{lastedWords(start, opening.phases[index + 1]?.start)}</td>
          <td>{date(deadline)}</td>
          <td>
            <Hash value={place.transactionHash} what="transaction hash" />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** How long a phase took; undefined while it is the last one that was entered. */
function lastedWords(start: number, next: number | undefined): string {
  return next === undefined ? "–" : duration(next - start);
}

function Election({ task, opening }: Props): ReactElement {
  const attempts = [...new Set([0, ...opening.phases.map(({ attempt }) => attempt)])];
  const size = committeeSize(task.terms.gammaBps, opening.active.length);
  return (
    <Card title="Leader and committee">
      <p className="card-note">
        {task.terms.electionMode === ElectionMode.ModelHash
          ? "The seed is the digest of the previous global model."
          : opening.seedBlockHash === undefined
            ? "The seed is the hash of the previous global model’s digest, the task and the round."
            : `The seed is the hash of the previous global model’s digest, the hash of block ${opening.sealBlock}, the task and the round. Nobody knows it before that block; who builds the block has a say in its hash, by leaving a block out or making another.`}{" "}
        The seed modulo {opening.active.length} nodes is the leader’s position; the committee is the leader
        and the next {size - 1} positions in turn.
      </p>
      <dl className="terms">
        <div>
          <dt>Previous model</dt>
          <dd>
            <Hash value={opening.base} />
          </dd>
        </div>
        <div>
          <dt>Seed</dt>
          <dd>{opening.seed === undefined ? "not sealed yet" : <Hash value={opening.seed} what="seed" />}</dd>
        </div>
        {attempts.map((attempt) => (
          <Attempt key={attempt} task={task} opening={opening} attempt={attempt} />
        ))}
      </dl>
    </Card>
  );
}

function Attempt({ task, opening, attempt }: Props & { readonly attempt: number }): ReactElement {
  const election = committeeOf(task, opening, attempt);
  const proposal = opening.proposals.find((each) => each.attempt === attempt);
  const missed = opening.missed.filter((duty) => duty.attempt === attempt);
  if (election === undefined) return <></>;
  return (
    <div>
      <dt>{attempt === 0 ? "Committee by rank" : `Committee of attempt ${attempt}`}</dt>
      <dd className="stack-tight">
        <ol className="committee">
          {election.members.map(({ nodeId }, rank) => (
            <li key={nodeId}>
              <span className="row">
                <NodeLink nodeId={nodeId} />
                {rank === 0 && <Badge tone="accent">leader</Badge>}
                {proposal?.attested.includes(rank) === true && <Badge tone="good">attested</Badge>}
                {proposal?.proposerRank === rank && <Badge tone="info">proposed</Badge>}
                {missed.some((duty) => duty.nodeId === nodeId) && <Badge tone="bad">missed its turn</Badge>}
              </span>
            </li>
          ))}
        </ol>
        <span className="card-note">
          Position {election.position} of {opening.active.length}; {election.threshold} of{" "}
          {election.members.length} must attest
          {proposal !== undefined && `, ${proposal.attested.length} did`}.
        </span>
        {proposal !== undefined && (
          <span>
            Aggregate <Hash value={proposal.digest} />
          </span>
        )}
      </dd>
    </div>
  );
}

const SKIP_WORDS: Readonly<Record<SkipReason, string>> = {
  [SkipReason.None]: "",
  [SkipReason.NotActive]: "the node is not active in this round",
  [SkipReason.Duplicate]: "it had posted already",
  [SkipReason.BadSignature]: "the signature is not the node’s",
  [SkipReason.BadSamples]: "the number of samples is not allowed",
  [SkipReason.BadScores]: "the scores are not allowed",
  [SkipReason.ZeroDigest]: "it names no artifact",
};

function Updates({ task, opening }: Props): ReactElement {
  const silent = opening.active.filter(({ nodeId }) => !opening.updates.has(nodeId));
  return (
    <Card
      title="Updates"
      note={`${opening.updates.size} of ${opening.active.length} nodes posted; the quorum is ${opening.quorum} (${percent(task.terms.quorumBps)} of the active nodes).`}
    >
      <Table caption="Updates" head={["Node", "Samples", "Artifact", "Outcome"]}>
        {[...opening.updates.values()].map(({ nodeId, memberId, samples, digest }) => (
          <tr key={nodeId}>
            <th scope="row">
              <NodeLink nodeId={nodeId} />
            </th>
            <td>{number(samples)}</td>
            <td>
              <Hash value={digest} />
            </td>
            <td>
              <UpdateOutcome opening={opening} memberId={memberId} />
            </td>
          </tr>
        ))}
      </Table>
      {silent.length > 0 && opening.phases.length > 1 && (
        <p className="row">
          Posted nothing: <NodeNames nodeIds={silent.map(({ nodeId }) => nodeId)} />
        </p>
      )}
      {opening.skipped.map(({ nodeId, reason, place }) => (
        <p key={`${place.transactionHash}-${place.logIndex}`}>
          A result of <NodeLink nodeId={nodeId} /> was skipped: {SKIP_WORDS[reason]}.
        </p>
      ))}
    </Card>
  );
}

function UpdateOutcome({
  opening,
  memberId,
}: {
  readonly opening: Opening;
  readonly memberId: number;
}): ReactElement {
  const proposal = opening.proposals.at(-1);
  if (proposal === undefined && opening.voided !== undefined) return <Badge>not used</Badge>;
  if (proposal === undefined) return <Badge tone="wait">waits for the aggregate</Badge>;
  if (proposal.accepted.includes(memberId)) return <Badge tone="good">accepted</Badge>;
  if (proposal.rejected.includes(memberId)) {
    return (
      <span className="row">
        <Badge tone="bad">rejected</Badge>
        <span className="card-note">disqualified, or among the worst by the aggregation rule</span>
      </span>
    );
  }
  return (
    <span className="row">
      <Badge tone="wait">left out</Badge>
      <span className="card-note">could not be fetched in time</span>
    </span>
  );
}
