import { fromBitmap } from "../rules/bitmap.ts";
import type { EventFrom } from "../events/concordatEvent.ts";
import { ZERO_DIGEST } from "../ids.ts";
import { unpackScores } from "../rules/packedScores.ts";
import { draft } from "./draft.ts";
import type { Draft } from "./draft.ts";
import type { Opening, TaskRecord, FederationState } from "./federationState.ts";

/** How rounds run. */
export function applyRoundEvent(federation: FederationState, event: EventFrom<"RoundCoordinator">): void {
  const task = draft(federation.tasks.get(event.args.taskId));
  if (task === undefined) return;
  if (event.name === "RoundOpened") return open(task, event.args, event.place);
  const opening = draft(task.openings.at(-1));
  if (opening !== undefined) applyToOpening(task, opening, event);
}

type RoundEvent = EventFrom<"RoundCoordinator">;
type Opened = Extract<RoundEvent, { readonly name: "RoundOpened" }>;

function open(task: Draft<TaskRecord>, args: Opened["args"], place: Opened["place"]): void {
  const previous = task.openings.at(-1);
  const retried = args.retry > 0;
  task.openings.push({
    round: args.round,
    retry: args.retry,
    base: args.base,
    quorum: args.quorum,
    openedAt: args.openedAt,
    sealBlock: args.sealBlock,
    place,
    active: task.active.flatMap((memberId) => task.members.get(memberId) ?? []),
    // Randomness is never drawn again: a retry keeps the round's seed.
    seed: retried ? previous?.seed : undefined,
    seedBlockHash: retried ? previous?.seedBlockHash : undefined,
    phases: [],
    updates: new Map(),
    proposals: [],
    reports: new Map(),
    skipped: [],
    missed: [],
    voided: undefined,
    finalised: undefined,
  });
}

function applyToOpening(task: TaskRecord, opening: Draft<Opening>, event: Exclude<RoundEvent, Opened>): void {
  const { place } = event;
  switch (event.name) {
    case "SeedSealed":
      opening.seed = event.args.seed;
      opening.seedBlockHash = event.args.blockHash === ZERO_DIGEST ? undefined : event.args.blockHash;
      return;
    case "PhaseEntered":
      opening.phases.push({
        phase: event.args.phase,
        attempt: event.args.attempt,
        start: event.args.phaseStart,
        deadline: event.args.deadline,
        place,
      });
      return;
    case "UpdateAccepted": {
      const { nodeId, memberId, digest, samples } = event.args;
      opening.updates.set(nodeId, {
        nodeId,
        memberId,
        digest,
        samples,
        place,
      });
      return;
    }
    case "ReportAccepted": {
      const { nodeId, memberId, scores } = event.args;
      opening.reports.set(nodeId, {
        nodeId,
        memberId,
        scores: unpackScores(scores, task.terms.negotiationSteps),
        place,
      });
      return;
    }
    case "ResultSkipped":
      opening.skipped.push({
        nodeId: event.args.nodeId,
        reason: event.args.reason,
        place,
      });
      return;
    case "AggregateAccepted": {
      const { args } = event;
      opening.proposals.push({
        attempt: args.attempt,
        proposerRank: args.proposerRank,
        digest: args.digest,
        accepted: fromBitmap(args.accepted),
        rejected: fromBitmap(args.rejected),
        committee: args.committee,
        attested: args.attestations.map(({ rank }) => rank),
        place,
      });
      return;
    }
    case "DutyMissed":
      opening.missed.push({
        nodeId: event.args.nodeId,
        attempt: event.args.attempt,
        rank: event.args.rank,
      });
      return;
    case "RoundVoided":
      opening.voided = {
        reason: event.args.reason,
        inRow: event.args.voidsInRow,
        place,
      };
      return;
    case "RoundFinalised":
      opening.finalised = {
        aggregate: event.args.aggregate,
        origin: event.args.origin,
        alphaBps: event.args.alphaBps,
        index: event.args.negotiationIndex,
        reports: event.args.reports,
        sums: event.args.sums,
        squares: event.args.squares,
        place,
      };
  }
}
