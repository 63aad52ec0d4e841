import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useToken } from "#chain/useToken.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { claimCall } from "#transactions/claimCall.ts";
import { amount } from "#ui/format.ts";
import { Button, Card, Table } from "#ui/parts.tsx";
import { saveFile, toCsv } from "#ui/saveFile.ts";
import { TaskCells } from "./TaskCells.tsx";
import type { Membership } from "./membership.ts";
import { standings } from "@concordat/protocol/history/rounds";

/** Reputation and rewards by task, to be claimed and to be saved. */
export function Earned({
  memberships,
  account,
}: {
  readonly memberships: readonly Membership[];
  readonly account: Hex;
}): ReactElement {
  const save = (): void => {
    const rows = memberships.flatMap(({ task, node, member: { memberId } }) =>
      standings(task, memberId).map(({ round, reputation, earned }) => [
        task.taskId,
        node.nodeId,
        memberId,
        round,
        reputation,
        earned,
        task.terms.rewardToken,
      ]),
    );
    const head = ["task", "node", "member", "round", "reputation_after", "earned_smallest_unit", "token"];
    saveFile(`concordat-${account}.csv`, toCsv([head, ...rows]), "text/csv");
  };
  return (
    <Card
      title="What you have earned"
      aside={
        <Button small onClick={save}>
          Save as CSV
        </Button>
      }
    >
      <Table caption="What you have earned" head={["Task", "State", "To be claimed", "Earned", "Reputation"]}>
        {memberships.map((membership) => (
          <EarnedRow
            key={`${membership.task.taskId}-${membership.node.nodeId}`}
            membership={membership}
            account={account}
          />
        ))}
      </Table>
    </Card>
  );
}

function EarnedRow({
  membership: {
    task,
    member: { memberId },
  },
  account,
}: {
  readonly membership: Membership;
  readonly account: Hex;
}): ReactElement {
  const token = useToken(task.terms.rewardToken as Hex);
  const standing = standings(task, memberId).at(-1);
  const claimed = task.claims
    .filter((claim) => claim.memberId === memberId)
    .reduce((sum, claim) => sum + claim.amount, 0n);
  const claimable = (standing?.earned ?? 0n) - claimed;
  return (
    <tr>
      <TaskCells task={task} />
      <td>
        {claimable > 0n ? (
          <ActionButton
            small
            look="primary"
            call={claimCall({ taskId: task.taskId, memberId, account, claimable, token })}
          />
        ) : (
          "nothing"
        )}
      </td>
      <td>{amount(standing?.earned ?? 0n, token)}</td>
      <td>{standing?.reputation}</td>
    </tr>
  );
}
