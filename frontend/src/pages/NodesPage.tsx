import { useSearch } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { ProposalKind, ProposalState } from "@concordat/protocol/contracts/enums";
import { WhenRead } from "../app/WhenRead.tsx";
import { useTitle } from "../app/useTitle.ts";
import { useChainTime, useFederation, useFederationState } from "../chain/useFederation.ts";
import { ActionButton } from "../transactions/ActionButton.tsx";
import { Account } from "../ui/Account.tsx";
import { count } from "../ui/format.ts";
import { Badge, Card, Notice, PageHead, Table } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { WrongNetwork } from "../wallet/WrongNetwork.tsx";
import { ApplyForm } from "./nodes/ApplyForm.tsx";
import { NodeHealth } from "./nodes/NodeHealth.tsx";
import { OwnNode } from "./nodes/OwnNode.tsx";
import { StakeForm } from "./nodes/StakeForm.tsx";
import { Votes, isOpen } from "./nodes/Votes.tsx";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

/** Once it is drawn: the address names it, wherever in the table it stands. */
function showRow(row: HTMLTableRowElement | null): void {
  row?.scrollIntoView({ block: "center" });
}

/** Who takes part in this network, and what they decide about each other. */
export function NodesPage(): ReactElement {
  const { federation, ready } = useFederationState();
  const { store } = useFederation();
  const { account, ownNode, formerNodes } = useWallet();
  const { node: chosen } = useSearch({ from: "/nodes" });
  useTitle(chosen === undefined ? undefined : `Node ${chosen}`, "Nodes");
  const now = useChainTime();
  const nodes = [...federation.nodes.values()];
  const members = nodes.filter(({ isMember }) => isMember);
  const development = store.network.addressBook.tokens?.DevelopmentToken;
  const tokens = new Set(ownNode?.stakes.keys());
  if (development !== undefined) tokens.add(development);
  const removing = (nodeId: number): boolean =>
    [...federation.proposals.values()].some(
      (proposal) =>
        proposal.kind === ProposalKind.Removal && proposal.nodeId === nodeId && isOpen(proposal, now),
    );
  const stateOf = ({ nodeId, isMember }: NodeRecord): string => {
    if (isMember) return "member";
    const expelled = [...federation.proposals.values()].some(
      ({ kind, nodeId: about, state }) =>
        kind === ProposalKind.Removal && about === nodeId && state === ProposalState.Passed,
    );
    return expelled ? "removed by vote" : "left";
  };
  return (
    <div className="stack">
      <PageHead
        title="Nodes"
        lead={
          ready
            ? `${count(members.length, "member")}. Each trains beside its own data; a majority admits new ones and removes others.`
            : "Who takes part in this network, and what they decide about each other."
        }
      />
      <WhenRead>
        <WrongNetwork />
        {ownNode !== undefined && <OwnNode node={ownNode} />}
        {ownNode !== undefined &&
          [...tokens].map((token) => (
            <Card key={token} title="Stake">
              <StakeForm node={ownNode} token={token} />
            </Card>
          ))}
        {formerNodes.flatMap((node) =>
          [...node.stakes.keys()].map((token) => (
            <Card
              key={`${node.nodeId}-${token}`}
              title={`Stake of your former node ${node.nodeId}`}
              note="It is yours still: unbond it, wait, and withdraw it."
            >
              <StakeForm node={node} token={token} />
            </Card>
          )),
        )}
        {account === undefined && (
          <Card
            title="Register a node"
            note="Connect the wallet of the account that is to operate it. Reading needs none."
          />
        )}
        {ownNode === undefined && account !== undefined && <ApplyForm />}
        <Votes />
        <Card title="All nodes">
          {chosen !== undefined && !federation.nodes.has(chosen) && (
            <Notice tone="wait">
              <p>There is no node {chosen} on this network.</p>
            </Notice>
          )}
          <Table caption="All nodes" head={["Node", "Operator", "Signer", "Tasks", "Gateway", "State", ""]}>
            {nodes.map((node) => {
              const tasks = [...federation.tasks.values()].filter((task) =>
                [...task.members.values()].some(({ nodeId, active }) => nodeId === node.nodeId && active),
              );
              return (
                <tr
                  // Made anew when it becomes the chosen one, and then brought into view.
                  key={`${node.nodeId}-${node.nodeId === chosen}`}
                  ref={node.nodeId === chosen ? showRow : undefined}
                  aria-current={node.nodeId === chosen ? "true" : undefined}
                >
                  <th scope="row">
                    Node {node.nodeId} {node.nodeId === ownNode?.nodeId && <Badge tone="accent">yours</Badge>}
                  </th>
                  <td>
                    <Account address={node.operator} />
                  </td>
                  <td>
                    {node.signer === node.operator ? "the operator" : <Account address={node.signer} />}
                  </td>
                  <td>{tasks.map(({ taskId }) => taskId).join(", ") || "none"}</td>
                  <td>{node.isMember ? <NodeHealth node={node} /> : ""}</td>
                  <td>
                    <Badge tone={node.isMember ? "good" : "plain"}>{stateOf(node)}</Badge>
                    {node.slashed > 0 && <Badge tone="bad">slashed {count(node.slashed, "time")}</Badge>}
                  </td>
                  <td>
                    {ownNode !== undefined &&
                      node.isMember &&
                      node.nodeId !== ownNode.nodeId &&
                      !removing(node.nodeId) && (
                        <ActionButton
                          small
                          call={{
                            key: `remove:${node.nodeId}`,
                            label: `Propose to remove node ${node.nodeId}`,
                            contract: "NodeRegistry",
                            functionName: "proposeRemoval",
                            args: [node.nodeId],
                          }}
                        >
                          Propose removal
                        </ActionButton>
                      )}
                  </td>
                </tr>
              );
            })}
          </Table>
        </Card>
      </WhenRead>
    </div>
  );
}
