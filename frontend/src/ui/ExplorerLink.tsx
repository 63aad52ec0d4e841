import type { ReactElement, ReactNode } from "react";
import { useFederation } from "../chain/useFederation.ts";

/** A link to what the configured block explorer has of an account, a transaction or a block; without one, plain text. */
export function ExplorerLink({
  kind,
  id,
  children,
}: {
  readonly kind: "address" | "tx" | "block";
  readonly id: string | number;
  readonly children: ReactNode;
}): ReactElement {
  const { explorerUrl } = useFederation().store.network;
  if (explorerUrl === undefined) return <span>{children}</span>;
  return (
    <a href={`${explorerUrl}/${kind}/${id}`} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}
