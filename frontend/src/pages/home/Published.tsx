import type { ReactElement } from "react";
import type { Hex } from "viem";
import { TaskState } from "@concordat/protocol/contracts/enums";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { amount } from "#ui/format.ts";
import { Card, Table } from "#ui/parts.tsx";
import { TaskCells } from "./TaskCells.tsx";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** The account's own tasks, and what of their escrow nobody can earn any more. */
export function Published({ tasks }: { readonly tasks: readonly TaskRecord[] }): ReactElement {
  return (
    <Card title="Tasks you published">
      <Table
        caption="Tasks you published"
        head={["Task", "State", "Rounds", "Nodes", "Escrow to be taken back"]}
      >
        {tasks.map((task) => (
          <PublishedRow key={task.taskId} task={task} />
        ))}
      </Table>
    </Card>
  );
}

function PublishedRow({ task }: { readonly task: TaskRecord }): ReactElement {
  const { taskId, state, terms, recorded, active } = task;
  const token = useToken(terms.rewardToken as Hex);
  // The escrow of a cancelled one came back at once.
  const ended = state >= TaskState.Completed;
  const refundable = useView<bigint>({
    contract: "RewardLedger",
    functionName: "refundable",
    args: [taskId],
    enabled: ended,
  });
  const left = refundable.data ?? 0n;
  return (
    <tr>
      <TaskCells task={task} />
      <td>
        {recorded.length} of {terms.rounds}
      </td>
      <td>{active.length}</td>
      <td>
        {left > 0n ? (
          <ActionButton
            small
            look="primary"
            call={{
              key: `refund:${taskId}`,
              label: `Take back ${amount(left, token)}`,
              contract: "RewardLedger",
              functionName: "refund",
              args: [taskId],
            }}
          />
        ) : ended ? (
          "nothing"
        ) : (
          "not before its end"
        )}
      </td>
    </tr>
  );
}
