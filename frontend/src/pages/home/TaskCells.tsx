import type { ReactElement } from "react";
import { Badge } from "#ui/parts.tsx";
import { TASK_STATES } from "#ui/taskStates.ts";
import { TaskLink } from "./TaskLink.tsx";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** How a row about a task begins: which one, and its state. */
export function TaskCells({ task }: { readonly task: TaskRecord }): ReactElement {
  const { word, tone } = TASK_STATES[task.state];
  return (
    <>
      <th scope="row">
        <TaskLink task={task} />
      </th>
      <td>
        <Badge tone={tone}>{word}</Badge>
      </td>
    </>
  );
}
