import { Phase } from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import { addScores, scoresAreValid } from "@concordat/protocol/rules/packedScores";
import {
  hashAccuracyReport,
  hashLocalUpdate,
  resultDomain,
} from "@concordat/protocol/messages/signedResults";
import { checkSignature } from "../recompute/signatureCheck.ts";
import type { ReplayContext, SignerAt } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";
import type { ReplayedRound } from "./replayedRound.ts";
import { activeMember } from "./replayedRound.ts";

/** What the replay of one submission needs. */
export interface RoundScope {
  readonly context: ReplayContext;
  readonly coordinator: string;
  readonly signerAt: SignerAt;
  readonly round: ReplayedRound;
  /** Seconds of the event's block. */
  readonly now: number;
}

/** An accepted update: from an active member in time, once, signed by the key of the opening. */
export async function replayUpdate(
  event: Named<EventFrom<"RoundCoordinator">, "UpdateAccepted">,
  scope: RoundScope,
): Promise<void> {
  const { context, round } = scope;
  const { nodeId, memberId, digest, samples, signature } = event.args;
  const { taskId, terms } = round.task;
  const place = placeOf(event, `update of node ${nodeId}`, taskId, round.round);
  checkSender(event, scope, Phase.Training, round.posted.has(memberId));
  context.checks.expect(
    "update.samples",
    place,
    [true, true],
    [samples >= 1 && samples <= terms.maxSamples, BigInt(digest) !== 0n],
  );
  const statement = { ...sharedFields(round), node: nodeId, digest, samples };
  await checkSignature(context, {
    kind: "update.signature",
    place,
    hash: hashLocalUpdate(domainOf(scope), statement),
    signature,
    signer: scope.signerAt(nodeId, round.openedAt),
    block: event.place.blockNumber,
  });
  round.posted.set(memberId, {
    nodeId,
    memberId,
    digest,
    samples,
  });
}

/** An accepted report: from an active member in time, once, signed over the aggregate by the key of the opening. */
export async function replayReport(
  event: Named<EventFrom<"RoundCoordinator">, "ReportAccepted">,
  scope: RoundScope,
): Promise<void> {
  const { context, round } = scope;
  const { nodeId, memberId, scores, signature } = event.args;
  const { taskId, terms } = round.task;
  const place = placeOf(event, `report of node ${nodeId}`, taskId, round.round);
  checkSender(event, scope, Phase.Negotiation, round.reported.has(memberId));
  const valid = scoresAreValid(scores, terms.negotiationSteps, terms.maxScore);
  context.checks.expect("report.scores", place, true, valid);
  const aggregate = round.aggregate?.digest ?? round.base;
  const statement = { ...sharedFields(round), node: nodeId, aggregate, scores };
  await checkSignature(context, {
    kind: "report.signature",
    place,
    hash: hashAccuracyReport(domainOf(scope), statement),
    signature,
    signer: scope.signerAt(nodeId, round.openedAt),
    block: event.place.blockNumber,
  });
  round.reported.add(memberId);
  round.totals = addScores(round.totals, scores);
}

/** The fields that all results of one opening share. */
export function sharedFields(round: ReplayedRound): {
  taskId: number;
  round: number;
  retry: number;
  base: string;
} {
  return { taskId: round.task.taskId, round: round.round, retry: round.retry, base: round.base };
}

export function domainOf({ context, coordinator }: RoundScope): ReturnType<typeof resultDomain> {
  return resultDomain(context.chainId, coordinator);
}

function checkSender(
  event: Named<EventFrom<"RoundCoordinator">, "UpdateAccepted" | "ReportAccepted">,
  { context, round, now }: RoundScope,
  phase: Phase,
  counted: boolean,
): void {
  const { nodeId, memberId } = event.args;
  context.checks.expect(
    phase === Phase.Training ? "update.member" : "report.member",
    placeOf(event, `node ${nodeId}`, round.task.taskId, round.round),
    [activeMember(round, nodeId), "counted once", phase, round.round, round.retry, true],
    [
      memberId,
      counted ? "counted before" : "counted once",
      round.phase,
      event.args.round,
      event.args.retry,
      now < round.deadline,
    ],
  );
}
