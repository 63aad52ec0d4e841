import type { ReactElement } from "react";
import { PageHead } from "../ui/parts.tsx";

export function AuditPage(): ReactElement {
  return <PageHead title="Audit" />;
}
