import { useState } from "react";
import type { ReactElement } from "react";
import { isAddress } from "viem";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { Account } from "#ui/Account.tsx";
import { TextField } from "#ui/Field.tsx";
import { Card, Facts } from "#ui/parts.tsx";
import { Said } from "#ui/Said.tsx";
import { useEndpointsCheck } from "./useEndpointsCheck.ts";
import { NodeHealth } from "./NodeHealth.tsx";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

/** What an operator can change about its node. */
export function OwnNode({ node }: { readonly node: NodeRecord }): ReactElement {
  const [signer, setSigner] = useState("");
  const [endpoints, setEndpoints] = useState("");
  const check = useEndpointsCheck(endpoints);
  const wrongSigner = signer !== "" && !isAddress(signer);
  const signerNow = node.signer === node.operator ? "your account" : <Account address={node.signer} />;
  const health = <NodeHealth node={node} />;
  return (
    <Card title={`Your node ${node.nodeId}`}>
      <Facts
        facts={[
          ["Signer key", signerNow],
          ["Endpoints", node.endpoints === "" ? "none" : <Said key="endpoints" text={node.endpoints} />],
          ["Gateway", health],
        ]}
      />
      <div className="grid-2">
        <div className="stack-tight">
          <TextField
            label="New signer key (address)"
            value={signer}
            placeholder="0x…"
            hint="Signs the node’s results from the next round on. The old key stays attributable."
            error={wrongSigner ? "This is not an address" : undefined}
            onChange={(event) => setSigner(event.target.value.trim())}
          />
          <ActionButton
            disabled={signer === "" || wrongSigner}
            call={{
              key: `signer:${node.nodeId}`,
              label: "Change the signer key",
              contract: "NodeRegistry",
              functionName: "setSigner",
              args: [signer],
            }}
            onConfirmed={() => setSigner("")}
          />
        </div>
        <div className="stack-tight">
          <TextField
            label="New endpoints"
            value={endpoints}
            placeholder="/dns4/node.example/tcp/443/https"
            hint="Multiaddrs joined by spaces. “concordat node announce” publishes what the node serves at."
            error={check.error}
            onChange={(event) => setEndpoints(event.target.value)}
          />
          {check.warning !== undefined && <p className="card-note">{check.warning}</p>}
          <ActionButton
            disabled={endpoints.trim() === "" || !check.isDone}
            call={{
              key: `endpoints:${node.nodeId}`,
              label: "Change the endpoints",
              contract: "NodeRegistry",
              functionName: "setEndpoints",
              args: [endpoints.trim()],
            }}
            onConfirmed={() => setEndpoints("")}
          />
        </div>
      </div>
      <details>
        <summary>Leave the registry</summary>
        <p className="card-note">
          Your node leaves every task at its next round. What it has earned stays yours, and its stake can be
          withdrawn after the unbonding period. Coming back takes a new vote.
        </p>
        <ActionButton
          look="danger"
          call={{
            key: `resign:${node.nodeId}`,
            label: "Leave the registry",
            contract: "NodeRegistry",
            functionName: "resign",
            args: [],
          }}
        />
      </details>
    </Card>
  );
}
