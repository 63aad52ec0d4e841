import { Phase } from "../contracts/enums.ts";
import { dateWords, durationWords } from "../words/timeWords.ts";

/** A round in progress, as far as it says who has acted. Times in unix seconds. */
export interface RoundInProgress {
  readonly taskId: number;
  readonly phase: Phase;
  readonly round: number;
  /** Counts the committees that may try in this round, from 0. */
  readonly attempt: number;
  readonly quorum: number;
  readonly phaseStart: number;
  readonly deadline: number;
  /** A term: from rank * slotSeconds after the phase's start the committee member of that rank may propose. */
  readonly slotSeconds: number;
  /** All active members, by member id, with the node behind each. */
  readonly active: ReadonlyMap<number, number>;
  /** Members that posted an update in this opening of the round. */
  readonly posted: ReadonlySet<number>;
  /** Members that posted their scores. */
  readonly reported: ReadonlySet<number>;
  /** Nodes of the present attempt's committee by rank; undefined before the election's seed is known. */
  readonly committee: readonly number[] | undefined;
}

/** Whose move it is. Node ids ascending, but for a committee's, which stand by rank. */
export type Awaited =
  | { readonly kind: "nobody" }
  /** Members whose update (Training) or scores (Negotiation) are missing. */
  | {
      readonly kind: "updates" | "scores";
      readonly nodes: readonly number[];
      readonly of: number;
      readonly acted: number;
    }
  /** The committee: whoever is in `mayPropose` may post the aggregate now, the leader is the likeliest. */
  | {
      readonly kind: "aggregate";
      readonly nodes: readonly number[];
      readonly mayPropose: readonly number[];
      /** The next rank and when its turn comes; undefined where all may propose already. */
      readonly next: { readonly node: number; readonly at: number } | undefined;
    }
  /** The election's seed is not known yet: any node, or anyone's call of the round, settles it. */
  | { readonly kind: "election" }
  /** The time is over: anyone may move the round on. */
  | { readonly kind: "advance"; readonly nodes: readonly number[]; readonly since: number };

/** Who is awaited in a running round at a moment. */
export function awaitedIn(round: RoundInProgress, now: number): Awaited {
  const missing = missingNodes(round);
  if (round.phase === Phase.None || round.phase === Phase.Ended) return { kind: "nobody" };
  if (now >= round.deadline) return { kind: "advance", nodes: missing, since: round.deadline };
  switch (round.phase) {
    case Phase.Training:
    case Phase.Negotiation: {
      const of = round.active.size;
      const kind = round.phase === Phase.Training ? "updates" : "scores";
      return { kind, nodes: missing, of, acted: of - missing.length };
    }
    case Phase.Aggregation:
      return aggregation(round, now);
  }
}

function aggregation({ committee, phaseStart, slotSeconds }: RoundInProgress, now: number): Awaited {
  if (committee === undefined) return { kind: "election" };
  const ranks = Math.floor(Math.max(0, now - phaseStart) / Math.max(1, slotSeconds)) + 1;
  const next = committee[ranks];
  return {
    kind: "aggregate",
    nodes: committee,
    mayPropose: committee.slice(0, ranks),
    next: next === undefined ? undefined : { node: next, at: phaseStart + ranks * slotSeconds },
  };
}

/** The nodes of active members that have not acted in this phase; in Aggregation those of the committee. */
function missingNodes({ phase, active, posted, reported, committee }: RoundInProgress): number[] {
  if (phase === Phase.Aggregation) return [...(committee ?? [])];
  const acted = phase === Phase.Negotiation ? reported : posted;
  return [...active]
    .filter(([member]) => !acted.has(member))
    .map(([, node]) => node)
    .toSorted((a, b) => a - b);
}

/** Nodes named one by one at most; the rest is counted. */
const NAMED = 8;

/**
 * What a reader is told about whom a round waits for, and what can be done: one sentence a line. Every surface of Concordat
 * says the same; the commands that it names exist at the command line, and the dApp has a button for each.
 */
export function awaitedWords(round: RoundInProgress, now: number): string[] {
  const awaited = awaitedIn(round, now);
  switch (awaited.kind) {
    case "nobody":
      return [];
    case "election":
      return ["Waiting for the election of a committee: the block that seeds it is not known yet"];
    case "advance":
      return [
        `The phase ended ${durationWords(now - awaited.since)} ago, due to move on: concordat task advance ${round.taskId}`,
        ...(awaited.nodes.length === 0
          ? []
          : [`Did not act in time: ${nodeWords(awaited.nodes)}`, expelWords(awaited.nodes)]),
      ];
    case "aggregate":
      return [
        `Waiting for the aggregate, from ${orWords(awaited.mayPropose)}${awaited.mayPropose.length === 1 ? " (the leader)" : ""}` +
          `${awaited.next === undefined ? "" : `; the turn of node ${awaited.next.node} comes in ${durationWords(awaited.next.at - now)}`}`,
        `The committee by rank: ${nodeWords(awaited.nodes)}; without an aggregate by ${dateWords(round.deadline)} the next committee tries`,
      ];
    case "updates":
    case "scores":
      return awaited.nodes.length === 0
        ? [`All ${awaited.of} ${awaited.kind} are there: the round moves on with the next block`]
        : waitingWords(round, awaited, now);
  }
}

function waitingWords(
  { quorum, deadline }: RoundInProgress,
  awaited: Extract<Awaited, { kind: "updates" | "scores" }>,
  now: number,
): string[] {
  const { nodes, of, acted, kind } = awaited;
  const left = `in ${durationWords(deadline - now)}`;
  const atTheEnd =
    acted >= quorum
      ? `The round goes on without ${nodes.length === 1 ? "it" : "them"} ${left}`
      : `${count(quorum - acted, "more is", "more are")} needed ${left}, or ${kind === "updates" ? "the round is void and opens again" : "alpha stays as it is"}`;
  return [
    `Waiting for the ${kind} of ${nodeWords(nodes)} (${acted} of ${of} are there, the quorum is ${quorum})`,
    atTheEnd,
    expelWords(nodes),
  ];
}

/** The remedy for a node that is silent for good. */
function expelWords(nodes: readonly number[]): string {
  const [first, ...others] = nodes;
  return others.length === 0
    ? `If node ${first} is gone for good, the members can vote it out: concordat task expel ${first}`
    : "The members can vote out a node that is gone for good: concordat task expel N";
}

/** "node 4", "nodes 1, 2 and 7", "nodes 1, 2, 3, 4, 5, 6, 7, 8 and 12 more". */
export function nodeWords(nodes: readonly number[]): string {
  if (nodes.length === 1) return `node ${nodes[0]}`;
  const named = nodes.slice(0, NAMED);
  const more = nodes.length - named.length;
  const last = more > 0 ? `${more} more` : String(named.pop());
  return `nodes ${named.join(", ")} and ${last}`;
}

function orWords(nodes: readonly number[]): string {
  return nodes.length === 1 ? nodeWords(nodes) : `one of ${nodeWords(nodes)}`;
}

function count(n: number, one: string, more: string): string {
  return `${n} ${n === 1 ? one : more}`;
}
