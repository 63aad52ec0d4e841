import { ProposalState } from "../contracts/enums.ts";
import type { EventFrom } from "../events/concordatEvent.ts";
import { draft } from "./draft.ts";
import type { FederationState } from "./federationState.ts";

/** Identity, admission and removal. */
export function applyRegistryEvent(federation: FederationState, event: EventFrom<"NodeRegistry">): void {
  const { place } = event;
  switch (event.name) {
    case "ProposalCreated": {
      const { args } = event;
      draft(federation).proposals.set(args.proposalId, {
        proposalId: args.proposalId,
        kind: args.kind,
        nodeId: args.nodeId,
        operator: args.operator,
        signer: args.signer,
        endpoints: args.endpoints,
        electorate: args.electorate,
        lastVoter: args.lastVoter,
        expiresAt: args.expiresAt,
        place,
        state: ProposalState.Open,
        approvals: 0,
        rejections: 0,
        votes: new Map(),
      });
      return;
    }
    case "Voted": {
      const { proposalId, voterNodeId, approve, approvals, rejections } = event.args;
      const proposal = draft(federation.proposals.get(proposalId));
      if (proposal === undefined) return;
      proposal.votes.set(voterNodeId, approve);
      proposal.approvals = approvals;
      proposal.rejections = rejections;
      return;
    }
    case "ProposalClosed": {
      const proposal = draft(federation.proposals.get(event.args.proposalId));
      if (proposal !== undefined) proposal.state = event.args.state;
      return;
    }
    case "NodeAdmitted": {
      const { nodeId, operator, signer, encryptionKey, endpoints } = event.args;
      draft(federation).nodes.set(nodeId, {
        nodeId,
        operator,
        signer,
        endpoints,
        encryptionKey,
        isMember: true,
        admitted: place,
        removed: undefined,
        stakes: new Map(),
        slashed: 0,
      });
      return;
    }
  }
  const node = draft(federation.nodes.get(event.args.nodeId));
  if (node === undefined) return;
  switch (event.name) {
    case "NodeRemoved":
      node.isMember = false;
      node.removed = place;
      return;
    case "SignerChanged":
      node.signer = event.args.signer;
      return;
    case "EndpointsChanged":
      node.endpoints = event.args.endpoints;
      return;
    case "EncryptionKeyChanged":
      node.encryptionKey = event.args.encryptionKey;
  }
}

/** Bonded stake; what is on its way out is read from the vault. */
export function applyStakeEvent(federation: FederationState, event: EventFrom<"StakeVault">): void {
  if (event.name === "ProceedsClaimed") return;
  const { nodeId, token } = event.args;
  const node = draft(federation.nodes.get(nodeId));
  if (node === undefined) return;
  switch (event.name) {
    case "Deposited":
    case "Unbonding":
      node.stakes.set(token, event.args.stake);
      return;
    case "Slashed":
      node.stakes.set(token, (node.stakes.get(token) ?? 0n) - event.args.fromStake);
      node.slashed++;
      return;
    case "Withdrawn":
  }
}
