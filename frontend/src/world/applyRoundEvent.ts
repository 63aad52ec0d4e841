import { fromBitmap } from "../../../protocol/bitmap.ts";
import { AlphaOrigin, Phase, SkipReason, VoidReason, enumValue } from "../../../protocol/enums.ts";
import { unpackScores } from "../../../protocol/rules/packedScores.ts";
import { zeroHash } from "viem";
import type { EventFrom } from "../events/contracts.ts";
import type { Opening, TaskRecord, World } from "./world.ts";

/** How rounds run. */
export function applyRoundEvent(world: World, event: EventFrom<"RoundCoordinator">): void {
  const task = world.tasks.get(Number(event.args.taskId));
  if (task === undefined) return;
  if (event.name === "RoundOpened") return open(task, event.args, event.place);
  const opening = task.openings.at(-1);
  if (opening !== undefined) applyToOpening(task, opening, event);
}

type RoundEvent = EventFrom<"RoundCoordinator">;
type Opened = Extract<RoundEvent, { readonly name: "RoundOpened" }>;

function open(task: TaskRecord, args: Opened["args"], place: Opened["place"]): void {
  const previous = task.openings.at(-1);
  const retried = Number(args.retry) > 0;
  task.openings.push({
    round: Number(args.round),
    retry: Number(args.retry),
    base: args.base,
    quorum: Number(args.quorum),
    openedAt: Number(args.openedAt),
    sealBlock: Number(args.sealBlock),
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

function applyToOpening(task: TaskRecord, opening: Opening, event: Exclude<RoundEvent, Opened>): void {
  const { place } = event;
  switch (event.name) {
    case "SeedSealed":
      opening.seed = event.args.seed;
      opening.seedBlockHash = event.args.blockHash === zeroHash ? undefined : event.args.blockHash;
      return;
    case "PhaseEntered":
      opening.phases.push({
        phase: enumValue(Phase, event.args.phase),
        attempt: Number(event.args.attempt),
        start: Number(event.args.phaseStart),
        deadline: Number(event.args.deadline),
        place,
      });
      return;
    case "UpdateAccepted": {
      const { nodeId, memberId, digest, samples } = event.args;
      opening.updates.set(Number(nodeId), {
        nodeId: Number(nodeId),
        memberId: Number(memberId),
        digest,
        samples: Number(samples),
        place,
      });
      return;
    }
    case "ReportAccepted": {
      const { nodeId, memberId, scores } = event.args;
      opening.reports.set(Number(nodeId), {
        nodeId: Number(nodeId),
        memberId: Number(memberId),
        scores: unpackScores(scores, task.terms.negotiationSteps),
        place,
      });
      return;
    }
    case "ResultSkipped":
      opening.skipped.push({
        nodeId: Number(event.args.nodeId),
        reason: enumValue(SkipReason, event.args.reason),
        place,
      });
      return;
    case "AggregateAccepted": {
      const { args } = event;
      opening.proposals.push({
        attempt: Number(args.attempt),
        proposerRank: Number(args.proposerRank),
        digest: args.digest,
        accepted: fromBitmap(args.accepted),
        rejected: fromBitmap(args.rejected),
        committee: args.committee.map(Number),
        attested: args.attestations.map(({ rank }) => rank),
        place,
      });
      return;
    }
    case "DutyMissed":
      opening.missed.push({
        nodeId: Number(event.args.nodeId),
        attempt: Number(event.args.attempt),
        rank: Number(event.args.rank),
      });
      return;
    case "RoundVoided":
      opening.voided = {
        reason: enumValue(VoidReason, event.args.reason),
        inRow: Number(event.args.voidsInRow),
        place,
      };
      return;
    case "RoundFinalised":
      opening.finalised = {
        aggregate: event.args.aggregate,
        origin: enumValue(AlphaOrigin, event.args.origin),
        alphaBps: Number(event.args.alphaBps),
        index: Number(event.args.negotiationIndex),
        reports: Number(event.args.reports),
        sums: event.args.sums,
        squares: event.args.squares,
        place,
      };
  }
}
