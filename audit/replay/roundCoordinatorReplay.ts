import {
  ElectionMode,
  EndReason,
  Phase,
  SkipReason,
  VoidReason,
  enumName,
} from "@concordat/protocol/contracts/enums";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import { ZERO_DIGEST } from "@concordat/protocol/ids";
import { mixedSeed, modelHashSeed } from "@concordat/protocol/rules/committeeElection";
import { noScores } from "@concordat/protocol/rules/packedScores";
import { nodeOf } from "@concordat/protocol/rules/roster";
import { enterPhase, gathersMembers, openRound, voided } from "@concordat/protocol/rules/roundMachine";
import type { Transition } from "@concordat/protocol/rules/roundMachine";
import type { CheckKind } from "../checks.ts";
import { replayAggregate } from "./aggregateReplay.ts";
import { replayFinalisation } from "./finalisationReplay.ts";
import type { ReplayContext, SignerAt } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";
import type { ReplayedRound } from "./replayedRound.ts";
import {
  activeMember,
  committeeOf,
  expectedEnd,
  outcomeOf,
  transition,
  unopenedRound,
} from "./replayedRound.ts";
import type { RoundOutcome } from "./rewardLedgerReplay.ts";
import { replayReport, replayUpdate } from "./submissionReplay.ts";
import type { TaskRegistryReplay } from "./taskRegistryReplay.ts";

/** Blocks whose hash a contract can read. */
const KNOWN_HASHES = 256;

/** Called when a round is final, with everything its aggregate was made from. */
export type RoundFinalisedHook = (round: ReplayedRound) => Promise<void>;

/** How rounds ran: every opening, seed, committee, count, choice and transition, derived from the submissions. */
export class RoundCoordinatorReplay {
  readonly rounds = new Map<number, ReplayedRound>();
  readonly #context: ReplayContext;
  readonly #coordinator: string;
  readonly #tasks: TaskRegistryReplay;
  readonly #signerAt: SignerAt;
  readonly #onFinalised: RoundFinalisedHook;

  constructor(
    context: ReplayContext,
    coordinator: string,
    tasks: TaskRegistryReplay,
    signerAt: SignerAt,
    onFinalised: RoundFinalisedHook,
  ) {
    this.#context = context;
    this.#coordinator = coordinator;
    this.#tasks = tasks;
    this.#signerAt = signerAt;
    this.#onFinalised = onFinalised;
  }

  /** How a task has to end now. */
  expectedEnd(taskId: number, now: number): ReturnType<typeof expectedEnd> {
    const round = this.#roundOf(taskId);
    return round === undefined ? { reason: 0, roundsPlayed: 0 } : this.#endOf(round, now);
  }

  /** Who earned in the round that is being finalised. */
  outcomeOf(taskId: number): RoundOutcome | undefined {
    const round = this.rounds.get(taskId);
    return round === undefined ? undefined : outcomeOf(round);
  }

  async apply(event: EventFrom<"RoundCoordinator">): Promise<void> {
    const taskId = event.args.taskId;
    const round = this.#roundOf(taskId);
    if (round === undefined) {
      const place = placeOf(event, event.name, taskId);
      this.#context.checks.expect("round.state", place, "a published task", "none");
      return;
    }
    if (!round.task.audited) return;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    const scope = {
      context: this.#context,
      coordinator: this.#coordinator,
      signerAt: this.#signerAt,
      round,
      now,
    };
    switch (event.name) {
      case "RoundOpened":
        return this.#opened(event, round, now);
      case "SeedSealed":
        return this.#sealed(event, round);
      case "PhaseEntered":
        return this.#phaseEntered(event, round, now);
      case "UpdateAccepted":
        return replayUpdate(event, scope);
      case "ReportAccepted":
        return replayReport(event, scope);
      case "ResultSkipped":
        return this.#skipped(event, round);
      case "AggregateAccepted":
        return replayAggregate(event, scope);
      case "DutyMissed":
        return this.#dutyMissed(event, round);
      case "RoundVoided":
        return this.#voided(event, round, now);
      case "RoundFinalised":
        replayFinalisation(event, scope);
        await this.#onFinalised(round);
        this.#gather(round, now);
    }
  }

  #roundOf(taskId: number): ReplayedRound | undefined {
    const task = this.#tasks.task(taskId);
    if (task === undefined) return undefined;
    const round = this.rounds.get(taskId) ?? unopenedRound(task);
    this.rounds.set(taskId, round);
    return round;
  }

  #endOf(round: ReplayedRound, now: number): ReturnType<typeof expectedEnd> {
    return expectedEnd(round, now);
  }

  #gather(round: ReplayedRound, now: number): void {
    if (gathersMembers(round, round.task.terms, now)) this.#tasks.beginOpening(round.task);
  }

  #opened(
    event: Named<EventFrom<"RoundCoordinator">, "RoundOpened">,
    round: ReplayedRound,
    now: number,
  ): void {
    const { args } = event;
    const { task } = round;
    const { terms, roster } = task;
    const retried = round.after === "voided";
    const legal = round.after === "start" || round.after === "finalised" || retried;
    const number = retried ? round.round : round.round + 1;
    const retry = retried ? round.retry + 1 : 0;
    const place = placeOf(event, "opening", task.taskId, number);
    const checks = this.#context.checks;
    const end = this.#endOf(round, now);
    checks.expect("round.opening", place, ["goes on", true], [end.reason === 0 ? "goes on" : "ends", legal]);
    this.#tasks.checkNothingPending(task, { ...place, subject: "membership changes" });

    const active = roster.active.map((memberId) => ({ memberId, nodeId: nodeOf(roster, memberId) }));
    const opened = openRound(round, terms, {
      activeCount: active.length,
      now,
      block: event.place.blockNumber,
      aggregate: round.aggregate?.digest,
    });
    checks.expect(
      "round.opening",
      place,
      [number, retry, opened.base, now, opened.sealBlock],
      [args.round, args.retry, args.base, args.openedAt, args.sealBlock],
    );
    checks.expect("round.quorum", place, [active.length, opened.quorum], [args.activeCount, args.quorum]);

    Object.assign(round, opened);
    round.active = active;
    round.memberCount = roster.nodes.length;
    if (!retried) round.seed = undefined;
    round.posted.clear();
    round.reported.clear();
    round.totals = noScores(terms.negotiationSteps);
    round.aggregate = undefined;
  }

  async #sealed(
    event: Named<EventFrom<"RoundCoordinator">, "SeedSealed">,
    round: ReplayedRound,
  ): Promise<void> {
    const { task, base, sealBlock } = round;
    const place = placeOf(event, "election seed", task.taskId, round.round);
    const source = { base, taskId: task.taskId, round: round.round };
    const mixed = task.terms.electionMode === ElectionMode.ModelHashMixed;
    let blockHash: string | undefined;
    if (mixed && event.place.blockNumber - sealBlock <= KNOWN_HASHES) {
      blockHash = (await this.#context.source.block(sealBlock)).hash;
    }
    const seed = mixed ? mixedSeed(source, blockHash) : modelHashSeed(source);
    const ready = event.place.blockNumber > sealBlock && round.seed === undefined;
    this.#context.checks.expect(
      "round.seed",
      place,
      [true, blockHash ?? ZERO_DIGEST, seed],
      [ready, event.args.blockHash, event.args.seed],
    );
    round.seed = seed;
  }

  #phaseEntered(
    event: Named<EventFrom<"RoundCoordinator">, "PhaseEntered">,
    round: ReplayedRound,
    now: number,
  ): void {
    const { args } = event;
    const place = placeOf(event, "phase", round.task.taskId, round.round);
    const next = nextPhase(round, now);
    if (next.isFailover) this.#checkMissed(round, leaderOf(round), place);
    const entered = enterPhase(round, round.task.terms, next, now);
    this.#context.checks.expect(
      "round.phase",
      place,
      [enumName(Phase, next.phase), round.round, round.retry, next.attempt, now, entered.deadline],
      [enumName(Phase, args.phase), args.round, args.retry, args.attempt, args.phaseStart, args.deadline],
    );
    Object.assign(round, entered);
  }

  #dutyMissed(event: Named<EventFrom<"RoundCoordinator">, "DutyMissed">, round: ReplayedRound): void {
    const { args } = event;
    this.#context.checks.expect(
      "round.duty",
      placeOf(event, `node ${args.nodeId}`, round.task.taskId, round.round),
      [round.round, round.retry, round.attempt],
      [args.round, args.retry, args.attempt],
    );
    round.missed.push([args.nodeId, args.rank]);
  }

  #checkMissed(
    round: ReplayedRound,
    expected: ReplayedRound["missed"],
    place: ReturnType<typeof placeOf>,
    kind: CheckKind = "round.duty",
  ): void {
    this.#context.checks.expect(kind, { ...place, subject: "duties missed" }, expected, round.missed);
    round.missed = [];
  }

  #skipped(event: Named<EventFrom<"RoundCoordinator">, "ResultSkipped">, round: ReplayedRound): void {
    const { nodeId, reason } = event.args;
    const place = placeOf(event, `result of node ${nodeId}`, round.task.taskId, round.round);
    const memberId = activeMember(round, nodeId);
    const counted =
      round.phase === Phase.Training ? round.posted.has(memberId) : round.reported.has(memberId);
    const checks = this.#context.checks;
    const found = enumName(SkipReason, reason);
    if (memberId === 0) checks.expect("result.skipped", place, "NotActive", found);
    else if (counted) checks.expect("result.skipped", place, "Duplicate", found);
    else checks.notRecomputed("result.skipped", place, found, "what was skipped is not in the event");
  }

  #voided(
    event: Named<EventFrom<"RoundCoordinator">, "RoundVoided">,
    round: ReplayedRound,
    now: number,
  ): void {
    const { args } = event;
    const place = placeOf(event, "void round", round.task.taskId, round.round);
    const found = transition(round, now);
    const reason = found.kind === "void" ? found.reason : VoidReason.None;
    if (reason === VoidReason.AttemptsSpent) this.#checkMissed(round, leaderOf(round), place);
    this.#context.checks.expect(
      "round.void",
      place,
      [round.round, round.retry, enumName(VoidReason, reason), round.voidsInRow + 1],
      [args.round, args.retry, enumName(VoidReason, args.reason), args.voidsInRow],
    );
    Object.assign(round, voided(round));
    this.#gather(round, now);
  }
}

/** Rank 0 of the present attempt, which let it pass; nobody before the seed was sealed. */
function leaderOf(round: ReplayedRound): ReplayedRound["missed"] {
  const leader = committeeOf(round).members[0];
  return leader === undefined ? [] : [[leader.nodeId, 0]];
}

/** The phase that the rules enter now; the present one where they enter none. */
function nextPhase(round: ReplayedRound, now: number): Extract<Transition, { readonly kind: "enter" }> {
  const { attempt, phase } = round;
  const stay = { kind: "enter", attempt, isFailover: false } as const;
  if (expectedEnd(round, now).reason !== EndReason.None) return { ...stay, phase: Phase.Ended };
  const next = transition(round, now);
  return next.kind === "enter" ? next : { ...stay, phase };
}
