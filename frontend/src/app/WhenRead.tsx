import type { ReactElement, ReactNode } from "react";
import { useFederationState } from "../chain/useFederation.ts";

/** What stands on the chain’s events: until all of them are here, how far they have been read. */
export function WhenRead({ children }: { readonly children: ReactNode }): ReactElement {
  const { ready } = useFederationState();
  return ready ? <>{children}</> : <Reading />;
}

/** How far the first reading has come. */
export function Reading(): ReactElement {
  const { sync } = useFederationState();
  const { head, syncedTo } = sync;
  return (
    <p role="status" className="card-note">
      Reading the chain’s events
      {head === undefined ? "…" : `: block ${Math.max(0, syncedTo)} of ${head.number}…`}
    </p>
  );
}
