import type { ReactElement } from "react";
import { TaskListPage } from "./TaskListPage.tsx";

export function HomePage(): ReactElement {
  return <TaskListPage />;
}
