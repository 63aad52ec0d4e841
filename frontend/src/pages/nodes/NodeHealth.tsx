import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useGateways } from "#artifacts/useGateways.ts";
import type { Gateway } from "#artifacts/gateways.ts";
import { Badge } from "#ui/parts.tsx";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

const TIMEOUT_MS = 4_000;

/** Whether a node's gateways answer this page, or why they cannot. */
export function NodeHealth({ node }: { readonly node: NodeRecord }): ReactElement {
  const gateways = useGateways().filter(({ nodeId }) => nodeId === node.nodeId);
  if (gateways.length === 0) {
    return <span className="card-note">none that a browser can reach</span>;
  }
  return (
    <span className="stack-tight">
      {gateways.map((gateway) => (
        <GatewayHealth key={gateway.origin} gateway={gateway} />
      ))}
    </span>
  );
}

function GatewayHealth({ gateway }: { readonly gateway: Gateway }): ReactElement {
  const { origin, unreachable } = gateway;
  const health = useQuery({
    queryKey: ["health", origin],
    enabled: unreachable === undefined,
    refetchInterval: 30_000,
    retry: false,
    queryFn: async () => {
      await fetch(`${origin}/`, {
        method: "OPTIONS",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      return true;
    },
  });
  return (
    <span className="row">
      <code>{origin}</code>
      {unreachable !== undefined && (
        <>
          <Badge tone="wait">out of reach</Badge>
          <span className="card-note">{unreachable}</span>
        </>
      )}
      {unreachable === undefined && health.isPending && <Badge>asking…</Badge>}
      {health.isSuccess && <Badge tone="good">answers</Badge>}
      {health.isError && <Badge tone="bad">does not answer</Badge>}
    </span>
  );
}
