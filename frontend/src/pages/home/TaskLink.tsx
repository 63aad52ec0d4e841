import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

export function TaskLink({ task }: { readonly task: TaskRecord }): ReactElement {
  return (
    <Link to="/tasks/$taskId" params={{ taskId: String(task.taskId) }}>
      Task {task.taskId}
    </Link>
  );
}
