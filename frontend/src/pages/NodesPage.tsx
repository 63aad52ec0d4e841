import type { ReactElement } from "react";
import { PageHead } from "../ui/parts.tsx";

export function NodesPage(): ReactElement {
  return <PageHead title="Nodes" />;
}
