import type { ReactElement } from "react";
import { ProposalKind, ProposalState } from "@concordat/protocol/contracts/enums";
import { useChainTime, useFederationState } from "#chain/useFederation.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { Account } from "#ui/Account.tsx";
import { count, date, duration } from "#ui/format.ts";
import { Badge, Card } from "#ui/parts.tsx";
import { Said } from "#ui/Said.tsx";
import { onRecord } from "./onRecord.ts";
import { useWallet } from "#wallet/useWallet.ts";
import type { NodeRecord, ProposalRecord } from "@concordat/protocol/history/federationState";

/** Votes on who comes and who goes, the open ones first. */
export function Votes(): ReactElement {
  const { federation } = useFederationState();
  const now = useChainTime();
  const proposals = [...federation.proposals.values()].toReversed();
  const open = proposals.filter((proposal) => isOpen(proposal, now));
  const closed = proposals.filter((proposal) => !isOpen(proposal, now));
  return (
    <Card title="Votes" note="A majority of the nodes that were members when a vote began decides it.">
      {open.length === 0 && <p>No vote is open.</p>}
      {open.map((proposal) => (
        <Vote key={proposal.proposalId} proposal={proposal} now={now} />
      ))}
      {closed.length > 0 && (
        <details>
          <summary>Closed votes ({closed.length})</summary>
          {closed.map((proposal) => (
            <p key={proposal.proposalId} className="row closed-vote">
              <Subject proposal={proposal} />
              <Badge tone={proposal.state === ProposalState.Passed ? "good" : "plain"}>
                {proposal.state === ProposalState.Passed
                  ? "passed"
                  : proposal.state === ProposalState.Rejected
                    ? "rejected"
                    : "expired"}
              </Badge>
              <span className="card-note">
                {proposal.approvals} for, {proposal.rejections} against, of{" "}
                {count(proposal.electorate, "member")}
              </span>
            </p>
          ))}
        </details>
      )}
    </Card>
  );
}

/** Whether a vote can still be cast; expiry is never stored on the chain. */
export function isOpen({ state, expiresAt }: ProposalRecord, now: number): boolean {
  return state === ProposalState.Open && now < expiresAt;
}

/** Whether this node may vote, and has not yet. */
export function mayVote(proposal: ProposalRecord, node: NodeRecord | undefined, now: number): boolean {
  return (
    node !== undefined &&
    isOpen(proposal, now) &&
    node.nodeId <= proposal.lastVoter &&
    !proposal.votes.has(node.nodeId)
  );
}

export function Vote({
  proposal,
  now,
}: {
  readonly proposal: ProposalRecord;
  readonly now: number;
}): ReactElement {
  const { ownNode } = useWallet();
  const { federation } = useFederationState();
  const { proposalId, approvals, rejections, electorate, expiresAt } = proposal;
  const own = ownNode === undefined ? undefined : proposal.votes.get(ownNode.nodeId);
  const ballot = (approve: boolean, label: string): ReactElement => (
    <ActionButton
      small
      look={approve ? "primary" : "danger"}
      call={{
        key: `vote:${proposalId}`,
        label: `${label} in vote ${proposalId}`,
        contract: "NodeRegistry",
        functionName: "vote",
        args: [proposalId, approve],
      }}
    >
      {label}
    </ActionButton>
  );
  return (
    <div className="stack-tight">
      <div className="row-spread">
        <span className="row">
          <Subject proposal={proposal} />
        </span>
        <span className="row">
          {mayVote(proposal, ownNode, now) && (
            <>
              {ballot(true, "Approve")}
              {ballot(false, "Reject")}
            </>
          )}
          {own !== undefined && <Badge>you {own ? "approved" : "rejected"}</Badge>}
        </span>
      </div>
      <p className="card-note">
        {approvals} for, {rejections} against, of {count(electorate, "member")};{" "}
        {Math.floor(electorate / 2) + 1} decide. It ends in {duration(expiresAt - now)}, on {date(expiresAt)}.
      </p>
      <ul className="on-record" aria-label={`What is on record for vote ${proposalId}`}>
        {onRecord(federation, proposal).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {proposal.endpoints !== "" && (
          <li>
            <code>
              <Said text={proposal.endpoints} most={200} />
            </code>
          </li>
        )}
      </ul>
    </div>
  );
}

function Subject({ proposal }: { readonly proposal: ProposalRecord }): ReactElement {
  const { proposalId, kind, nodeId, operator } = proposal;
  return (
    <>
      <strong>Vote {proposalId}:</strong>
      {kind === ProposalKind.Admission ? "admit" : `remove node ${nodeId} of`} <Account address={operator} />
    </>
  );
}
