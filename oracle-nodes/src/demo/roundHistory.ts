import { AlphaOrigin, Phase, TaskState, enumName } from "../../../protocol/enums.ts";
import { END_WORDS, VOID_WORDS, wordsFor } from "../../../protocol/words.ts";
import type { ObservedBlock, ObservedEvent } from "./blockFollower.ts";

/** What is known of one round, as its events came in. */
export interface RoundRecord {
  readonly round: number;
  retry: number;
  phase: string;
  /** Unix seconds. */
  deadline: number;
  activeCount: number;
  /** Election seed of attempt 0; undefined until sealed. */
  seed: string | undefined;
  attempt: number;
  readonly posted: Set<number>;
  readonly reported: Set<number>;
  /** Node ids by rank, once an aggregate was accepted. The proposer stood at `proposerRank`. */
  committee: readonly number[];
  proposerRank: number | undefined;
  attestations: number;
  acceptedBitmap: readonly bigint[];
  rejectedBitmap: readonly bigint[];
  aggregate: string | undefined;
  /** Digest of each node's update in the last retry. */
  readonly updates: Map<number, string>;
  alphaBps: number | undefined;
  alphaKept: boolean;
  /** Mean score of the chosen candidate in basis points. */
  meanScoreBps: number | undefined;
  readonly voids: string[];
  /** Of all calls to the coordinator from the round's opening to its end. */
  gas: bigint;
}

/** The story of a task, told by its events. */
export class RoundHistory {
  readonly taskId: number;
  readonly rounds: RoundRecord[] = [];
  state: string = enumName(TaskState, TaskState.Open);
  endReason: string | undefined;

  constructor(taskId: number) {
    this.taskId = taskId;
  }

  get current(): RoundRecord | undefined {
    return this.rounds.at(-1);
  }

  /** Takes in a block; returns one line for each thing that happened. */
  apply(block: ObservedBlock): string[] {
    // The call that finalises a round belongs to it, although it also opens the next one.
    const current = this.endReason === undefined ? this.current : undefined;
    if (current !== undefined) {
      for (const { action, gasUsed } of block.calls) {
        if (action.startsWith("RoundCoordinator.")) current.gas += gasUsed;
      }
    }
    const lines: string[] = [];
    for (const event of block.events) {
      if (event.args["taskId"] !== BigInt(this.taskId)) continue;
      const line = this.#applyEvent(event);
      if (line !== undefined) lines.push(line);
    }
    return lines;
  }

  #applyEvent({ name, args }: ObservedEvent): string | undefined {
    const round = args["round"] === undefined ? undefined : this.#round(Number(args["round"]));
    const n = (key: string): number => Number(args[key]);
    switch (name) {
      case "TaskStarted":
        this.state = enumName(TaskState, TaskState.Running);
        return `task ${this.taskId} started with ${n("activeCount")} nodes`;
      case "TaskEnded":
        this.state = enumName(TaskState, n("state"));
        this.endReason = wordsFor(END_WORDS, n("reason"));
        return `task ${this.taskId} ${this.state.toLowerCase()}: ${this.endReason}`;
    }
    if (round === undefined) return undefined;
    switch (name) {
      case "RoundOpened":
        round.retry = n("retry");
        round.activeCount = n("activeCount");
        round.posted.clear();
        round.reported.clear();
        round.updates.clear();
        return `round ${round.round}${round.retry > 0 ? ` retry ${round.retry}` : ""} opened, quorum ${n("quorum")} of ${round.activeCount}`;
      case "SeedSealed":
        round.seed = String(args["seed"]);
        return undefined;
      case "PhaseEntered":
        round.phase = enumName(Phase, n("phase"));
        round.attempt = n("attempt");
        round.deadline = n("deadline");
        return round.attempt > 0
          ? `round ${round.round}: ${round.phase.toLowerCase()}, attempt ${round.attempt}`
          : undefined;
      case "UpdateAccepted":
        round.posted.add(n("nodeId"));
        round.updates.set(n("nodeId"), String(args["digest"]));
        return `round ${round.round}: node ${n("nodeId")} posted its update (${round.posted.size} of ${round.activeCount})`;
      case "AggregateAccepted":
        return this.#aggregated(round, args);
      case "ReportAccepted":
        round.reported.add(n("nodeId"));
        return undefined;
      case "DutyMissed":
        return `round ${round.round}: node ${n("nodeId")} missed its turn (attempt ${n("attempt")}, rank ${n("rank")})`;
      case "RoundVoided": {
        const reason = wordsFor(VOID_WORDS, n("reason"));
        round.voids.push(reason);
        return `round ${round.round} was void: ${reason}`;
      }
      case "RoundFinalised":
        return this.#finalised(round, args);
    }
    return undefined;
  }

  #aggregated(round: RoundRecord, args: ObservedEvent["args"]): string {
    round.committee = (args["committee"] as bigint[]).map(Number);
    round.proposerRank = Number(args["proposerRank"]);
    round.attestations = (args["attestations"] as unknown[]).length;
    round.acceptedBitmap = [...(args["accepted"] as bigint[])];
    round.rejectedBitmap = [...(args["rejected"] as bigint[])];
    const leader = round.committee[round.proposerRank];
    return `round ${round.round}: node ${leader} proposed the aggregate, ${round.attestations} of ${round.committee.length} attested`;
  }

  #finalised(round: RoundRecord, args: ObservedEvent["args"]): string {
    round.aggregate = String(args["aggregate"]);
    round.alphaBps = Number(args["alphaBps"]);
    round.alphaKept = Number(args["origin"]) === AlphaOrigin.Kept;
    const index = Number(args["negotiationIndex"]);
    const reports = Number(args["reports"]);
    const sum = (args["sums"] as bigint[])[index - 1];
    round.meanScoreBps = sum === undefined || reports === 0 ? undefined : Number(sum) / reports;
    const score = round.meanScoreBps === undefined ? "" : `, mean score ${percent(round.meanScoreBps)}`;
    return `round ${round.round} done: alpha ${(round.alphaBps / 10_000).toFixed(4)}${round.alphaKept ? " (kept)" : ""}${score}`;
  }

  #round(round: number): RoundRecord {
    const known = this.rounds.find((record) => record.round === round);
    if (known !== undefined) return known;
    const record: RoundRecord = {
      round,
      retry: 0,
      phase: enumName(Phase, Phase.Training),
      deadline: 0,
      activeCount: 0,
      seed: undefined,
      attempt: 0,
      posted: new Set(),
      reported: new Set(),
      committee: [],
      proposerRank: undefined,
      attestations: 0,
      acceptedBitmap: [],
      rejectedBitmap: [],
      aggregate: undefined,
      updates: new Map(),
      alphaBps: undefined,
      alphaKept: false,
      meanScoreBps: undefined,
      voids: [],
      gas: 0n,
    };
    this.rounds.push(record);
    return record;
  }
}

/** Basis points as a percentage with two decimals. */
export function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(2)} %`;
}
