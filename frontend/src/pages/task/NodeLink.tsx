import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useFederationState } from "../../chain/useFederation.ts";
import { Identicon } from "../../ui/Account.tsx";

/** A node by its number, with its operator's identicon. */
export function NodeLink({ nodeId }: { readonly nodeId: number }): ReactElement {
  const { world } = useFederationState();
  const operator = world.nodes.get(nodeId)?.operator;
  return (
    <Link to="/nodes" search={{ node: nodeId }} className="account">
      {operator !== undefined && <Identicon value={operator} />}
      Node {nodeId}
    </Link>
  );
}

/** Nodes side by side; very many are cut, with how many there are. */
export function NodeNames({
  nodeIds,
  most = 24,
}: {
  readonly nodeIds: readonly number[];
  readonly most?: number;
}): ReactElement {
  if (nodeIds.length === 0) return <span className="card-note">none</span>;
  return (
    <span className="node-list">
      {nodeIds.slice(0, most).map((nodeId) => (
        <NodeLink key={nodeId} nodeId={nodeId} />
      ))}
      {nodeIds.length > most && <span>and {nodeIds.length - most} more</span>}
    </span>
  );
}
