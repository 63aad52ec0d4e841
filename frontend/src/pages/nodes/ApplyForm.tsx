import { useState } from "react";
import type { ReactElement } from "react";
import { isAddress } from "viem";
import { ProposalKind } from "@concordat/protocol/contracts/enums";
import { useChainTime, useFederationState } from "#chain/useFederation.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { TextField } from "#ui/Field.tsx";
import { date } from "#ui/format.ts";
import { Card, Notice } from "#ui/parts.tsx";
import { useContractAccount } from "#wallet/contractAccount.ts";
import { useWallet } from "#wallet/useWallet.ts";
import { useEndpointsCheck } from "./useEndpointsCheck.ts";
import { isOpen } from "./Votes.tsx";

/** Asks for admission of the connected account as the operator of a node. */
export function ApplyForm(): ReactElement {
  const { account } = useWallet();
  const isContract = useContractAccount(account);
  const { federation } = useFederationState();
  const now = useChainTime();
  const [signer, setSigner] = useState("");
  const [endpoints, setEndpoints] = useState("");
  const check = useEndpointsCheck(endpoints);
  const own = [...federation.proposals.values()].find(
    (proposal) =>
      proposal.kind === ProposalKind.Admission &&
      proposal.operator.toLowerCase() === account?.toLowerCase() &&
      isOpen(proposal, now),
  );
  if (own !== undefined) {
    return (
      <Notice tone="wait">
        <p>
          Vote {own.proposalId} on your admission is open: {own.approvals} of{" "}
          {Math.floor(own.electorate / 2) + 1} needed approvals so far. It ends {date(own.expiresAt)}.
        </p>
      </Notice>
    );
  }
  const wrong = signer !== "" && !isAddress(signer);
  return (
    <Card
      title="Register a node"
      note="Your account becomes the node’s operator: it votes, stakes, joins and claims. The signer key stands on the machine that trains; it can be another one. The members then vote on you."
    >
      <TextField
        label="Signer key (address)"
        value={signer}
        placeholder={isContract ? "0x…" : (account ?? "0x…")}
        hint={
          isContract
            ? "Made by “concordat node init”. Your account is a contract, so the node needs a key of its own."
            : "Made by “concordat node init”. Left empty, your account signs itself."
        }
        error={wrong ? "This is not an address" : undefined}
        onChange={(event) => setSigner(event.target.value.trim())}
      />
      <TextField
        label="Endpoints"
        value={endpoints}
        placeholder="/dns4/node.example/tcp/443/https"
        hint="Where the node serves artifacts: multiaddrs joined by spaces. Can stay empty: “concordat node announce” publishes them later."
        error={check.error}
        onChange={(event) => setEndpoints(event.target.value)}
      />
      {check.warning !== undefined && <p className="card-note">{check.warning}</p>}
      <ActionButton
        look="primary"
        disabled={wrong || !check.isDone || (isContract && signer === "")}
        call={{
          key: "apply",
          label: "Ask for admission",
          contract: "NodeRegistry",
          functionName: "applyForAdmission",
          args: [signer === "" ? account : signer, "0x", endpoints.trim()],
        }}
      />
    </Card>
  );
}
