import type { ReactElement } from "react";
import { Badge } from "#ui/parts.tsx";
import { STATE_WORDS } from "#world/taskWords.ts";
import { TaskLink } from "./TaskLink.tsx";
import type { TaskRecord } from "@concordat/protocol/history/world";

/** How a row about a task begins: which one, and its state. */
export function TaskCells({ task }: { readonly task: TaskRecord }): ReactElement {
  const { word, tone } = STATE_WORDS[task.state];
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
