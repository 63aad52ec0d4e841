import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useFederationState } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { Account } from "#ui/Account.tsx";
import { amount, count } from "#ui/format.ts";
import { Badge, Card, Empty, Table } from "#ui/parts.tsx";
import { NodeLink } from "./NodeLink.tsx";
import { standings } from "@concordat/protocol/history/rounds";
import type { MemberRecord, TaskRecord } from "@concordat/protocol/history/federationState";

/** Who takes part, and how each stands. */
export function RosterTab({ task }: { readonly task: TaskRecord }): ReactElement {
  const { federation } = useFederationState();
  const rewardToken = useToken(task.terms.rewardToken as Hex);
  const stakeToken = useToken(task.terms.stakeToken as Hex);
  const members = [...task.members.values()];
  const waiting = [...task.queued];
  if (members.length + waiting.length === 0) {
    return (
      <Empty>
        <p>No node has joined yet.</p>
      </Empty>
    );
  }
  return (
    <Card
      title={count(task.active.length, "active node")}
      note="A member keeps its number and its reputation when it leaves and comes back."
    >
      <Table
        caption="Roster"
        head={["Member", "Node", "Operator", "State", "Stake", "Reputation", "Earned", "Updates accepted"]}
      >
        {members.map((member) => {
          const node = federation.nodes.get(member.nodeId);
          const standing = standings(task, member.memberId).at(-1);
          const accepted = task.recorded.filter((round) => round.accepted.includes(member.memberId)).length;
          return (
            <tr key={member.memberId}>
              <td>{member.memberId}</td>
              <th scope="row">
                <NodeLink nodeId={member.nodeId} />
              </th>
              <td>{node !== undefined && <Account address={node.operator} />}</td>
              <td>
                <MemberState member={member} queued={task.queued.get(member.nodeId)} />
              </td>
              <td>
                {task.terms.minStake === 0n
                  ? "none asked"
                  : amount(node?.stakes.get(task.terms.stakeToken as Hex) ?? 0n, stakeToken)}
              </td>
              <td>{standing?.reputation}</td>
              <td>{amount(standing?.earned ?? 0n, rewardToken)}</td>
              <td>
                {accepted} of {task.recorded.length}
              </td>
            </tr>
          );
        })}
      </Table>
      {waiting.length > 0 && (
        <p className="row">
          {waiting.map(([nodeId, join]) => (
            <span key={nodeId} className="row">
              <NodeLink nodeId={nodeId} /> {join ? "joins" : "leaves"} at the next round
            </span>
          ))}
        </p>
      )}
    </Card>
  );
}

function MemberState({
  member,
  queued,
}: {
  readonly member: MemberRecord;
  readonly queued: boolean | undefined;
}): ReactElement {
  if (queued === false) return <Badge tone="wait">leaving</Badge>;
  if (queued === true) return <Badge tone="wait">joining</Badge>;
  return member.active ? <Badge tone="good">active</Badge> : <Badge>left</Badge>;
}
