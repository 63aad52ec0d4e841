import type { ReactElement } from "react";
import { Badge } from "#ui/parts.tsx";
import type { Opening } from "@concordat/protocol/history/federationState";

export function Outcome({ opening }: { readonly opening: Opening }): ReactElement {
  if (opening.finalised !== undefined) return <Badge tone="good">finalised</Badge>;
  if (opening.voided !== undefined) return <Badge tone="bad">void</Badge>;
  return <Badge tone="accent">running</Badge>;
}
