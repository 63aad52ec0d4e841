import { AlphaOrigin, Phase, enumName } from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import { alphaAt, selectAlpha, targetIsMet } from "@concordat/protocol/rules/alphaSelection";
import { finalised } from "@concordat/protocol/rules/roundMachine";
import { placeOf } from "./replayContext.ts";
import { transition } from "./replayedRound.ts";
import type { RoundScope } from "./submissionReplay.ts";

/** A finalised round: its sums, and the alpha that they choose, or the one before where no quorum reported. */
export function replayFinalisation(
  event: Named<EventFrom<"RoundCoordinator">, "RoundFinalised">,
  { context, round, now }: RoundScope,
): void {
  const { args } = event;
  const { task, totals } = round;
  const { terms } = task;
  const place = placeOf(event, "negotiation", task.taskId, round.round);
  const checks = context.checks;
  checks.expect(
    "round.phase",
    { ...place, subject: "finalisation" },
    ["Negotiation", true, round.round, round.retry, round.base, round.aggregate?.digest],
    [
      enumName(Phase, round.phase),
      transition(round, now).kind === "finalise",
      args.round,
      args.retry,
      args.base,
      args.aggregate,
    ],
  );
  checks.expect(
    "negotiation.sums",
    place,
    [totals.reports, totals.sums, totals.squares],
    [args.reports, args.sums, args.squares],
  );
  const quorate = totals.reports >= round.quorum;
  const index = quorate ? selectAlpha(terms.strategy, terms.scoreKind, totals) : 0;
  const alphaBps = quorate ? alphaAt(terms, index) : round.alphaBps;
  const origin = quorate ? AlphaOrigin.Negotiated : AlphaOrigin.Kept;
  checks.expect(
    "negotiation.alpha",
    place,
    [enumName(AlphaOrigin, origin), index, alphaBps],
    [enumName(AlphaOrigin, args.origin), args.negotiationIndex, args.alphaBps],
  );
  round.alphaBps = alphaBps;
  const sum = totals.sums[index - 1];
  const targetMet = sum !== undefined && targetIsMet(terms.scoreKind, terms.targetScore, totals.reports, sum);
  Object.assign(round, finalised(round, targetMet));
}
