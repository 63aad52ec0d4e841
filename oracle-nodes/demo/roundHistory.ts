import { toBitmap } from "@concordat/protocol/rules/bitmap";
import type { Bitmap } from "@concordat/protocol/rules/bitmap";
import { AlphaOrigin, EndReason, Phase, TaskState, enumName } from "@concordat/protocol/contracts/enums";
import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import { currentPhase, meanScore } from "@concordat/protocol/history/rounds";
import type { Opening, TaskRecord, FederationState } from "@concordat/protocol/history/federationState";
import { END_WORDS, VOID_WORDS } from "@concordat/protocol/words/enumWords";
import type { ObservedCall } from "./blockFollower.ts";

/** What is known of one round, by its last opening. */
export interface RoundRecord {
  readonly round: number;
  readonly retry: number;
  readonly phase: string;
  readonly attempt: number;
  /** Unix seconds. */
  readonly deadline: number;
  readonly activeCount: number;
  /** Election seed of attempt 0; undefined until sealed. */
  readonly seed: string | undefined;
  /** Nodes whose update was accepted, and those whose scores were. */
  readonly posted: readonly number[];
  readonly reported: readonly number[];
  /** Digest of each node's update. */
  readonly updates: ReadonlyMap<number, string>;
  /** Node ids by rank, once an aggregate was accepted. The proposer stood at `proposerRank`. */
  readonly committee: readonly number[];
  readonly proposerRank: number | undefined;
  readonly attestations: number;
  readonly acceptedBitmap: Bitmap;
  readonly rejectedBitmap: Bitmap;
  readonly aggregate: string | undefined;
  readonly alphaBps: number | undefined;
  readonly alphaKept: boolean;
  /** Mean score of the chosen candidate in basis points. */
  readonly meanScoreBps: number | undefined;
  /** Why openings of the round were void. */
  readonly voids: readonly string[];
  /** Of all calls to the coordinator from the round's opening to its end. */
  readonly gas: bigint;
}

/** The story of a task, told from what the events made of it. */
export class RoundHistory {
  readonly #federation: FederationState;
  readonly taskId: number;
  readonly #gas = new Map<number, bigint>();

  constructor(federation: FederationState, taskId: number) {
    this.#federation = federation;
    this.taskId = taskId;
  }

  get state(): string {
    return enumName(TaskState, this.#task?.state ?? TaskState.Open);
  }

  /** In words; undefined until the task ended. */
  get endReason(): string | undefined {
    const reason = this.#task?.endReason ?? EndReason.None;
    return reason === EndReason.None ? undefined : END_WORDS[reason];
  }

  get current(): RoundRecord | undefined {
    return this.rounds.at(-1);
  }

  get rounds(): readonly RoundRecord[] {
    const { openings = [], members } = this.#task ?? {};
    const byRound = Map.groupBy(openings, ({ round }) => round);
    return [...byRound].map(([round, those]) =>
      recordOf(those, members?.size ?? 0, this.#gas.get(round) ?? 0n),
    );
  }

  /** Books the calls of a block, before its events: the call that finalises a round belongs to it, although it opens the next. */
  book(calls: readonly ObservedCall[]): void {
    const round = this.endReason === undefined ? this.#task?.openings.at(-1)?.round : undefined;
    if (round === undefined) return;
    for (const { action, gasUsed } of calls) {
      if (action.startsWith("RoundCoordinator."))
        this.#gas.set(round, (this.#gas.get(round) ?? 0n) + gasUsed);
    }
  }

  /** What an event that was just folded means, in a line; undefined where it says nothing to a reader. */
  tell(event: ConcordatEvent): string | undefined {
    const task = this.#task;
    if (task === undefined || !("taskId" in event.args) || event.args.taskId !== this.taskId)
      return undefined;
    switch (event.name) {
      case "TaskStarted":
        return `task ${this.taskId} started with ${event.args.activeCount} nodes`;
      case "TaskEnded":
        return `task ${this.taskId} ${this.state.toLowerCase()}: ${END_WORDS[event.args.reason]}`;
    }
    const opening = task.openings.at(-1);
    return event.contract === "RoundCoordinator" && opening !== undefined
      ? lineOf(event, opening)
      : undefined;
  }

  get #task(): TaskRecord | undefined {
    return this.#federation.tasks.get(this.taskId);
  }
}

function recordOf(openings: readonly Opening[], memberCount: number, gas: bigint): RoundRecord {
  const opening = openings.at(-1);
  if (opening === undefined) throw new TypeError("A round has an opening");
  const { round, retry, active, seed, updates, reports, finalised } = opening;
  const phase = currentPhase(opening);
  const proposal = openings.flatMap(({ proposals }) => proposals).at(-1);
  const { committee = [], proposerRank, attested = [], accepted = [], rejected = [] } = proposal ?? {};
  return {
    round,
    retry,
    phase: enumName(Phase, phase?.phase ?? Phase.Training),
    attempt: phase?.attempt ?? 0,
    deadline: phase?.deadline ?? 0,
    activeCount: active.length,
    seed,
    posted: [...updates.keys()],
    reported: [...reports.keys()],
    updates: new Map([...updates.values()].map(({ nodeId, digest }) => [nodeId, digest])),
    committee,
    proposerRank,
    attestations: attested.length,
    acceptedBitmap: proposal === undefined ? [] : toBitmap(accepted, memberCount),
    rejectedBitmap: proposal === undefined ? [] : toBitmap(rejected, memberCount),
    aggregate: finalised?.aggregate,
    alphaBps: finalised?.alphaBps,
    alphaKept: finalised?.origin === AlphaOrigin.Kept,
    meanScoreBps: finalised && meanScore(finalised),
    voids: openings.flatMap(({ voided }) => (voided === undefined ? [] : [VOID_WORDS[voided.reason]])),
    gas,
  };
}

type RoundEvent = Extract<ConcordatEvent, { readonly contract: "RoundCoordinator" }>;

function lineOf(event: RoundEvent, { active, quorum, updates, finalised }: Opening): string | undefined {
  const { name, args } = event;
  const round = `round ${args.round}`;
  switch (name) {
    case "RoundOpened": {
      const retried = args.retry > 0 ? ` retry ${args.retry}` : "";
      return `${round}${retried} opened, quorum ${quorum} of ${active.length}`;
    }
    case "PhaseEntered":
      return args.attempt > 0
        ? `${round}: ${enumName(Phase, args.phase).toLowerCase()}, attempt ${args.attempt}`
        : undefined;
    case "UpdateAccepted":
      return `${round}: node ${args.nodeId} posted its update (${updates.size} of ${active.length})`;
    case "AggregateAccepted": {
      const { committee, proposerRank, attestations } = args;
      return `${round}: node ${committee[proposerRank]} proposed the aggregate, ${attestations.length} of ${committee.length} attested`;
    }
    case "DutyMissed":
      return `${round}: node ${args.nodeId} missed its turn (attempt ${args.attempt}, rank ${args.rank})`;
    case "RoundVoided":
      return `${round} was void: ${VOID_WORDS[args.reason]}`;
    case "RoundFinalised": {
      const mean = finalised && meanScore(finalised);
      const score = mean === undefined ? "" : `, mean score ${percent(mean)}`;
      const kept = args.origin === AlphaOrigin.Kept ? " (kept)" : "";
      return `${round} done: alpha ${(args.alphaBps / 10_000).toFixed(4)}${kept}${score}`;
    }
    case "SeedSealed":
    case "ReportAccepted":
    case "ResultSkipped":
      return undefined;
  }
}

/** Basis points as a percentage with two decimals. */
export function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(2)} %`;
}
