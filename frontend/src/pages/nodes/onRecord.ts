import { ProposalKind, ProposalState } from "@concordat/protocol/contracts/enums";
import { count } from "#ui/format.ts";
import type {
  NodeRecord,
  ProposalRecord,
  FederationState,
} from "@concordat/protocol/history/federationState";

/** What the chain says of whom a vote is about, each as a sentence; the more telling first. */
export function onRecord(federation: FederationState, proposal: ProposalRecord): readonly string[] {
  return proposal.kind === ProposalKind.Admission
    ? ofApplicant(federation, proposal)
    : ofNode(federation, proposal);
}

function ofApplicant(
  federation: FederationState,
  { proposalId, operator, signer, endpoints }: ProposalRecord,
): string[] {
  const former = [...federation.nodes.values()].filter((node) => isSame(node.operator, operator));
  const signed = [...federation.nodes.values()].filter(
    (node) => isSame(node.signer, signer) && !isSame(node.operator, operator),
  );
  const earlier = [...federation.proposals.values()].filter(
    (each) =>
      each.kind === ProposalKind.Admission && each.proposalId < proposalId && isSame(each.operator, operator),
  );
  const refused = earlier.filter(({ state }) => state === ProposalState.Rejected).length;
  const published = [...federation.tasks.values()].filter(({ publisher }) =>
    isSame(publisher, operator),
  ).length;
  return [
    ...former.flatMap((node) => [
      `It operated node ${node.nodeId}${wasExpelled(federation, node) ? ", which the members removed" : node.isMember ? "" : ", which left"}.`,
      ...workOf(federation, node),
    ]),
    ...signed.map(
      ({ nodeId }) => `Its signer key is that of node ${nodeId}, which another account operates.`,
    ),
    ...(refused > 0 ? [`The members refused it ${count(refused, "time")} before.`] : []),
    ...(published > 0 ? [`It published ${count(published, "task")} here.`] : []),
    ...(former.length + earlier.length + published === 0
      ? ["Nothing of this account is on record here: it has published no task, and operated no node."]
      : []),
    endpoints === ""
      ? "It names no endpoint yet at which others fetch from it."
      : "The endpoints that it names stand below.",
  ];
}

function ofNode(federation: FederationState, { nodeId }: ProposalRecord): string[] {
  const node = federation.nodes.get(nodeId);
  return node === undefined ? [] : workOf(federation, node);
}

/** How a node did what its tasks asked of it. */
function workOf(federation: FederationState, { nodeId, slashed }: NodeRecord): string[] {
  const openings = [...federation.tasks.values()].flatMap((task) =>
    task.openings.filter(({ active }) => active.some((member) => member.nodeId === nodeId)),
  );
  // The opening that runs is nobody's fault yet.
  const over = openings.filter(({ finalised, voided }) => finalised !== undefined || voided !== undefined);
  const posted = over.filter(({ updates }) => updates.has(nodeId)).length;
  const reported = over.filter(({ reports }) => reports.has(nodeId)).length;
  const missed = openings
    .flatMap((opening) => opening.missed)
    .filter((duty) => duty.nodeId === nodeId).length;
  return [
    over.length === 0
      ? "It has not been through a round yet."
      : `In ${count(over.length, "round")} it posted ${count(posted, "update")} and ${count(reported, "score table")}.`,
    ...(missed > 0 ? [`It missed its turn in a committee ${count(missed, "time")}.`] : []),
    ...(slashed > 0 ? [`It was slashed ${count(slashed, "time")}.`] : []),
  ];
}

function wasExpelled({ proposals }: FederationState, { nodeId }: NodeRecord): boolean {
  return [...proposals.values()].some(
    (each) =>
      each.kind === ProposalKind.Removal && each.nodeId === nodeId && each.state === ProposalState.Passed,
  );
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
