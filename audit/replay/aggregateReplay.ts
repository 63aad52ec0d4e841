import { aggregationRuleName, minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { bitmapCount, bitmapIsWithin, bitmapWords, bitmapsOverlap } from "@concordat/protocol/rules/bitmap";
import { Phase } from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import { ZERO_DIGEST } from "@concordat/protocol/ids";
import { rankOpensAt } from "@concordat/protocol/rules/roundClock";
import { hashAggregateAttestation } from "@concordat/protocol/messages/signedResults";
import { checkSignature } from "../recompute/signatureCheck.ts";
import { placeOf } from "./replayContext.ts";
import { committeeOf, postedBitmap } from "./replayedRound.ts";
import type { RoundScope } from "./submissionReplay.ts";
import { domainOf, sharedFields } from "./submissionReplay.ts";

type AggregateAccepted = Named<EventFrom<"RoundCoordinator">, "AggregateAccepted">;

/** An accepted aggregate: the elected committee, in turn, a threshold of its signatures, bitmaps that the rules allow. */
export async function replayAggregate(event: AggregateAccepted, scope: RoundScope): Promise<void> {
  const { context, round, now } = scope;
  const { args } = event;
  const { taskId, terms } = round.task;
  const place = placeOf(event, `aggregate of attempt ${args.attempt}`, taskId, round.round);
  const committee = committeeOf(round);
  const nodeIds = committee.members.map(({ nodeId }) => nodeId);
  const rank = args.proposerRank;
  context.checks.expect(
    "aggregate.committee",
    place,
    [round.round, round.retry, round.attempt, nodeIds],
    [args.round, args.retry, args.attempt, args.committee],
  );
  context.checks.expect(
    "round.duty",
    { ...place, subject: "ranks before the proposer" },
    nodeIds.slice(0, rank).map((nodeId, missed) => [nodeId, missed]),
    round.missed,
  );
  round.missed = [];

  const ranks = args.attestations.map((attestation) => attestation.rank);
  const ascending = ranks.every((value, index) => index === 0 || value > (ranks[index - 1] ?? value));
  context.checks.expect(
    "aggregate.quorum",
    place,
    [Phase.Aggregation, true, true, true, true, true],
    [
      round.phase,
      now < round.deadline,
      now >= rankOpensAt(terms, round.phaseStart, rank),
      ranks.length >= committee.threshold,
      ascending,
      ranks.includes(rank),
    ],
  );
  checkBitmaps(event, scope);
  const statement = { ...sharedFields(round), attempt: round.attempt, ...pickStatement(event) };
  const hash = hashAggregateAttestation(domainOf(scope), statement);
  for (const attestation of args.attestations) {
    const nodeId = nodeIds[attestation.rank] ?? 0;
    await checkSignature(context, {
      kind: "aggregate.signature",
      place: { ...place, subject: `attestation of rank ${attestation.rank}, node ${nodeId}` },
      hash,
      signature: attestation.signature,
      signer: scope.signerAt(nodeId, round.openedAt) ?? "no committee member",
      block: event.place.blockNumber,
    });
  }
  round.aggregate = pickStatement(event);
  if (args.digest !== ZERO_DIGEST) round.lastAggregate = args.digest;
}

/** Accepted and rejected: disjoint sets of posted members, as many as the rule needs, or too few for digest zero. */
function checkBitmaps(event: AggregateAccepted, { context, round }: RoundScope): void {
  const { digest, accepted, rejected } = event.args;
  const { terms, taskId } = round.task;
  const posted = postedBitmap(round);
  const words = bitmapWords(round.memberCount);
  const minimum = minimumUpdates(aggregationRuleName(terms.aggregationRule), terms.byzantineBound);
  const acceptedCount = bitmapCount(accepted);
  const enough = acceptedCount + bitmapCount(rejected) >= minimum;
  const countFits = BigInt(digest) === 0n ? !enough : enough && acceptedCount > 0;
  context.checks.expect(
    "aggregate.bitmaps",
    placeOf(event, "accepted and rejected", taskId, round.round),
    [words, words, "disjoint", "posted", true],
    [
      accepted.length,
      rejected.length,
      bitmapsOverlap(accepted, rejected) ? "overlapping" : "disjoint",
      bitmapIsWithin(accepted, posted) && bitmapIsWithin(rejected, posted) ? "posted" : "not posted",
      countFits,
    ],
  );
}

function pickStatement(event: AggregateAccepted): {
  digest: string;
  accepted: readonly bigint[];
  rejected: readonly bigint[];
} {
  const { digest, accepted, rejected } = event.args;
  return { digest, accepted, rejected };
}
