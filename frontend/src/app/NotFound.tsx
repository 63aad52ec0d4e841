import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Empty } from "../ui/parts.tsx";

export function NotFound(): ReactElement {
  return (
    <Empty>
      <p>There is no such page.</p>
      <Link to="/tasks">See all tasks</Link>
    </Empty>
  );
}
