import type { ReactElement } from "react";
import { PageHead } from "../ui/parts.tsx";

export function PublishPage(): ReactElement {
  return <PageHead title="Publish" />;
}
