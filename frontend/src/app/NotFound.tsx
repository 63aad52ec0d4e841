import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTitle } from "./useTitle.ts";
import { Empty } from "../ui/parts.tsx";

export function NotFound(): ReactElement {
  useTitle("No such page");
  return (
    <Empty>
      <h1>There is no such page</h1>
      <Link to="/tasks">See all tasks</Link>
    </Empty>
  );
}
