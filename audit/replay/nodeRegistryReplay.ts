import { ProposalKind, ProposalState, enumName } from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import type { ReplayContext } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";

/** A node as the events make it. Signers by the first second in which each counts, ascending. */
export interface ReplayedNode {
  readonly operator: string;
  readonly signers: { readonly from: number; readonly signer: string }[];
  isMember: boolean;
  encryptionKey: string;
  endpoints: string;
}

/** A vote as the events make it; `state` is what was closed, never Expired. */
export interface ReplayedProposal {
  readonly kind: number;
  readonly nodeId: number;
  readonly operator: string;
  readonly signer: string;
  readonly encryptionKey: string;
  readonly endpoints: string;
  readonly electorate: number;
  readonly lastVoter: number;
  readonly expiresAt: number;
  readonly voters: Set<number>;
  approvals: number;
  rejections: number;
  state: number;
}

/** Who belongs to the federation, derived from proposals and votes alone. */
export class NodeRegistryReplay {
  readonly nodes: ReplayedNode[] = [];
  readonly proposals: ReplayedProposal[] = [];
  /** Nodes in order of removal. */
  readonly removals: number[] = [];
  readonly #context: ReplayContext;
  readonly #votingPeriod: number;
  readonly #nodeBySigner = new Map<string, number>();
  #foundingTransaction: string | undefined;
  /** A passed proposal whose admission or removal has to follow in the same transaction. */
  #passed: ReplayedProposal | undefined;

  constructor(context: ReplayContext, votingPeriod: number) {
    this.#context = context;
    this.#votingPeriod = votingPeriod;
  }

  get memberCount(): number {
    return this.nodes.filter((node) => node.isMember).length;
  }

  node(nodeId: number | bigint): ReplayedNode | undefined {
    return this.nodes[Number(nodeId) - 1];
  }

  isMember(nodeId: number | bigint): boolean {
    return this.node(nodeId)?.isMember === true;
  }

  /** The signer that counted for rounds opened at `timestamp`. */
  signerAt(nodeId: number | bigint, timestamp: number): string | undefined {
    return this.node(nodeId)?.signers.findLast(({ from }) => from <= timestamp)?.signer;
  }

  async apply(event: EventFrom<"NodeRegistry">): Promise<void> {
    switch (event.name) {
      case "ProposalCreated":
        return this.#created(event);
      case "Voted":
        return this.#voted(event);
      case "ProposalClosed":
        return this.#closed(event);
      case "NodeAdmitted":
        return this.#admitted(event);
      case "NodeRemoved":
        return this.#removed(event);
      case "SignerChanged":
        return this.#signerChanged(event);
      case "EndpointsChanged": {
        const node = this.#known(event);
        if (node !== undefined) node.endpoints = event.args.endpoints;
        return;
      }
      case "EncryptionKeyChanged": {
        const node = this.#known(event);
        if (node !== undefined) node.encryptionKey = event.args.encryptionKey;
        return;
      }
    }
  }

  /** The stored or derived state of a proposal at `timestamp`, as the contract's view gives it. */
  stateOf(proposal: ReplayedProposal, timestamp: number): number {
    if (proposal.state !== ProposalState.Open) return proposal.state;
    if (timestamp >= proposal.expiresAt) return ProposalState.Expired;
    const left = proposal.kind === ProposalKind.Removal && !this.isMember(proposal.nodeId);
    return left ? ProposalState.Expired : ProposalState.Open;
  }

  async #created(event: Named<EventFrom<"NodeRegistry">, "ProposalCreated">): Promise<void> {
    const { args } = event;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const place = placeOf(event, `proposal ${args.proposalId}`);
    const kind = args.kind;
    this.#context.checks.expect(
      "registry.proposal",
      place,
      [this.proposals.length + 1, this.memberCount, this.nodes.length, now + this.#votingPeriod],
      [args.proposalId, args.electorate, args.lastVoter, args.expiresAt],
    );
    const subject = this.node(args.nodeId);
    const applicants = this.nodes.filter((node) => node.isMember && node.operator === args.operator);
    this.#context.checks.expect(
      "registry.proposal",
      { ...place, subject: `${place.subject}: who it is about` },
      kind === ProposalKind.Admission
        ? [0, 0]
        : [1, subject?.isMember === true ? subject.operator : "no member"],
      kind === ProposalKind.Admission ? [args.nodeId, applicants.length] : [applicants.length, args.operator],
    );
    this.proposals.push({
      kind,
      nodeId: args.nodeId,
      operator: args.operator,
      signer: args.signer,
      encryptionKey: args.encryptionKey,
      endpoints: args.endpoints,
      electorate: args.electorate,
      lastVoter: args.lastVoter,
      expiresAt: args.expiresAt,
      voters: new Set(),
      approvals: 0,
      rejections: 0,
      state: ProposalState.Open,
    });
  }

  async #voted(event: Named<EventFrom<"NodeRegistry">, "Voted">): Promise<void> {
    const { args } = event;
    const proposal = this.proposals[args.proposalId - 1];
    const voter = args.voterNodeId;
    const place = placeOf(event, `vote of node ${voter} on proposal ${args.proposalId}`);
    if (proposal === undefined) {
      this.#context.checks.expect("registry.vote", place, "a proposal", "none");
      return;
    }
    const now = await this.#context.timestampOf(event.place.blockNumber);
    this.#context.checks.expect(
      "registry.vote",
      place,
      ["open", true, true, false],
      [
        enumName(ProposalState, this.stateOf(proposal, now)).toLowerCase(),
        this.isMember(voter),
        voter <= proposal.lastVoter,
        proposal.voters.has(voter),
      ],
    );
    proposal.voters.add(voter);
    if (args.approve) proposal.approvals++;
    else proposal.rejections++;
    this.#context.checks.expect(
      "registry.vote",
      { ...place, subject: `count of proposal ${args.proposalId}` },
      [proposal.approvals, proposal.rejections],
      [args.approvals, args.rejections],
    );
  }

  #closed(event: Named<EventFrom<"NodeRegistry">, "ProposalClosed">): void {
    const { args } = event;
    const proposal = this.proposals[args.proposalId - 1];
    const expected = proposal === undefined ? ProposalState.None : majorityOf(proposal);
    this.#context.checks.expect(
      "registry.majority",
      placeOf(event, `proposal ${args.proposalId}`),
      enumName(ProposalState, expected),
      enumName(ProposalState, args.state),
    );
    if (proposal === undefined) return;
    proposal.state = args.state;
    if (proposal.state === ProposalState.Passed) this.#passed = proposal;
  }

  async #admitted(event: Named<EventFrom<"NodeRegistry">, "NodeAdmitted">): Promise<void> {
    const { nodeId, operator, signer, encryptionKey, endpoints } = event.args;
    if (this.nodes.length === 0) this.#foundingTransaction = event.place.transactionHash;
    const founder = event.place.transactionHash === this.#foundingTransaction;
    const passed = this.#passed?.kind === ProposalKind.Admission ? this.#passed : undefined;
    this.#passed = undefined;
    const by = founder
      ? [operator, signer, encryptionKey, endpoints]
      : passed && [passed.operator, passed.signer, passed.encryptionKey, passed.endpoints];
    this.#context.checks.expect(
      "registry.admission",
      placeOf(event, `node ${nodeId}`),
      [this.nodes.length + 1, by, "of nobody"],
      [nodeId, [operator, signer, encryptionKey, endpoints], this.#ownerOf(signer)],
    );
    const from = await this.#context.timestampOf(event.place.blockNumber);
    this.nodes.push({ operator, signers: [{ from, signer }], isMember: true, encryptionKey, endpoints });
    this.#nodeBySigner.set(signer, Number(nodeId));
  }

  #removed(event: Named<EventFrom<"NodeRegistry">, "NodeRemoved">): void {
    const { nodeId, removalIndex } = event.args;
    const place = placeOf(event, `removal of node ${nodeId}`);
    this.#context.checks.expect(
      "registry.removal",
      place,
      [true, this.removals.length],
      [this.isMember(nodeId), removalIndex],
    );
    if (this.#passed === undefined) {
      this.#context.checks.notRecomputed(
        "registry.removal",
        place,
        "resigned",
        "its operator's own decision",
      );
    } else {
      this.#context.checks.expect("registry.removal", place, this.#passed.nodeId, nodeId);
      this.#passed = undefined;
    }
    const node = this.node(nodeId);
    if (node !== undefined) node.isMember = false;
    this.removals.push(Number(nodeId));
  }

  async #signerChanged(event: Named<EventFrom<"NodeRegistry">, "SignerChanged">): Promise<void> {
    const { nodeId, previous, signer, effectiveFrom } = event.args;
    const node = this.#known(event);
    if (node === undefined) return;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const owner = this.#ownerOf(signer);
    this.#context.checks.expect(
      "registry.signer",
      placeOf(event, `signer of node ${nodeId}`),
      [node.signers.at(-1)?.signer, now + 1, owner === `of node ${nodeId}` ? owner : "of nobody"],
      [previous, effectiveFrom, owner],
    );
    // Two changes in one second: the later replaces the earlier, which never counted.
    if (node.signers.at(-1)?.from === Number(effectiveFrom)) node.signers.pop();
    node.signers.push({ from: Number(effectiveFrom), signer });
    this.#nodeBySigner.set(signer, Number(nodeId));
  }

  #ownerOf(signer: string): string {
    const owner = this.#nodeBySigner.get(signer);
    return owner === undefined ? "of nobody" : `of node ${owner}`;
  }

  #known(
    event: Named<EventFrom<"NodeRegistry">, "SignerChanged" | "EndpointsChanged" | "EncryptionKeyChanged">,
  ): ReplayedNode | undefined {
    const node = this.node(event.args.nodeId);
    this.#context.checks.expect(
      "registry.signer",
      placeOf(event, `node ${event.args.nodeId}`),
      "member",
      node?.isMember === true ? "member" : "no member",
    );
    return node;
  }
}

/** What the votes decide: a majority of the fixed electorate, or none that can still be reached. */
function majorityOf({ approvals, rejections, electorate }: ReplayedProposal): number {
  if (approvals * 2 > electorate) return ProposalState.Passed;
  return rejections * 2 >= electorate ? ProposalState.Rejected : ProposalState.Open;
}
