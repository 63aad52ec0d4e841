import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactElement } from "react";
import { useFederationState } from "#chain/useFederation.ts";
import { Identicon } from "#ui/Account.tsx";
import { Button } from "#ui/parts.tsx";

/** A node by its number, with its operator's identicon. */
export function NodeLink({ nodeId }: { readonly nodeId: number }): ReactElement {
  const { federation } = useFederationState();
  const operator = federation.nodes.get(nodeId)?.operator;
  return (
    <Link to="/nodes" search={{ node: nodeId }} className="account">
      {operator !== undefined && <Identicon value={operator} />}
      Node {nodeId}
    </Link>
  );
}

/** Nodes side by side; of very many, the others are shown once they are asked for. */
export function NodeNames({
  nodeIds,
  most = 24,
}: {
  readonly nodeIds: readonly number[];
  readonly most?: number;
}): ReactElement {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? nodeIds : nodeIds.slice(0, most);
  const hidden = nodeIds.length - shown.length;
  if (nodeIds.length === 0) return <span className="card-note">none</span>;
  return (
    <span className="node-list">
      {shown.map((nodeId) => (
        <NodeLink key={nodeId} nodeId={nodeId} />
      ))}
      {hidden > 0 && (
        <Button small look="quiet" onClick={() => setWhole(true)}>
          and {hidden} more
        </Button>
      )}
    </span>
  );
}
