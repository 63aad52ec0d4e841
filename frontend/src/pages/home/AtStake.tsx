import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useChainTime } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { amount, date } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";
import type { Membership } from "./membership.ts";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

/** What is bonded and on its way out, until when it can be slashed, and when it unlocks. */
export function AtStake({
  nodes,
  memberships,
}: {
  readonly nodes: readonly NodeRecord[];
  readonly memberships: readonly Membership[];
}): ReactElement {
  const staked = nodes.flatMap((node) => [...node.stakes].map(([token, stake]) => ({ node, token, stake })));
  return (
    <Card
      title="What you could lose"
      note="Stake can be taken by the arbiter of a task that your node took part in, until the end of its dispute window; what unbonds, until it is withdrawn."
    >
      {staked.length === 0 ? (
        <p>No stake is bonded.</p>
      ) : (
        staked.map(({ node, token, stake }) => (
          <Staked
            key={`${node.nodeId}-${token}`}
            token={token}
            stake={stake}
            node={node}
            until={slashableUntil(memberships, node, token)}
          />
        ))
      )}
    </Card>
  );
}

/** Unix seconds at which the last arbiter who may slash this stake loses that power; 0 for none. */
function slashableUntil(memberships: readonly Membership[], node: NodeRecord, token: Hex): number {
  return Math.max(
    0,
    ...memberships
      .filter(({ task: { terms }, node: { nodeId } }) => nodeId === node.nodeId && terms.stakeToken === token)
      .map(({ task: { hardEnd, terms } }) => hardEnd + terms.disputeWindowSeconds),
  );
}

function Staked({
  token,
  stake,
  node,
  until,
}: {
  readonly token: Hex;
  readonly stake: bigint;
  readonly node: NodeRecord;
  /** Unix seconds until which it can be slashed. */
  readonly until: number;
}): ReactElement {
  const facts = useToken(token);
  const now = useChainTime();
  const pending = useView<readonly { readonly amount: bigint; readonly releaseTime: number }[]>({
    contract: "StakeVault",
    functionName: "pendingOf",
    args: [node.nodeId, token],
  });
  return (
    <>
      <p>
        <strong>{amount(stake, facts)}</strong> bonded by node {node.nodeId}
        {until > now ? `; slashable at the latest until ${date(until)}` : "; no task can slash it now"}.{" "}
        <Link to="/nodes">Stake or unbond</Link>
      </p>
      {pending.data?.map(({ amount: leaving, releaseTime }, index) => (
        <p key={index}>
          {amount(leaving, facts)} unbonding,{" "}
          {releaseTime <= now ? <Link to="/nodes">due: withdraw it</Link> : `unlocks ${date(releaseTime)}`}.
        </p>
      ))}
    </>
  );
}
