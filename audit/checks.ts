import type { EventPlace } from "@concordat/protocol/events/concordatEvent";

/** What is checked, in groups by contract; `*.state` compares a contract's views with the replayed events. */
export const CHECK_KINDS = [
  "registry.proposal",
  "registry.vote",
  "registry.majority",
  "registry.admission",
  "registry.removal",
  "registry.signer",
  "registry.state",
  "task.terms",
  "task.escrow",
  "task.start",
  "task.end",
  "task.state",
  "roster.change",
  "roster.member",
  "roster.position",
  "roster.state",
  "round.opening",
  "round.quorum",
  "round.seed",
  "round.phase",
  "round.duty",
  "round.void",
  "round.state",
  "result.skipped",
  "update.member",
  "update.samples",
  "update.signature",
  "update.artifact",
  "update.privacy",
  "aggregate.committee",
  "aggregate.quorum",
  "aggregate.bitmaps",
  "aggregate.signature",
  "aggregate.model",
  "report.member",
  "report.scores",
  "report.signature",
  "negotiation.sums",
  "negotiation.alpha",
  "reward.bitmaps",
  "reward.settlement",
  "reward.claim",
  "reward.refund",
  "reward.state",
  "escrow.release",
  "escrow.balance",
  "stake.account",
  "stake.slash",
  "stake.state",
  "stake.conservation",
] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** What a check is about and where the chain says it. */
export interface CheckPlace extends Partial<EventPlace> {
  readonly taskId?: number;
  readonly round?: number;
  /** E.g. "node 3" or "committee of attempt 1". */
  readonly subject: string;
}

/** What was missing to derive a fact again. */
export type Lack =
  /** Updates of these nodes, which nobody who was asked serves. */
  | { readonly kind: "update"; readonly nodeIds: readonly number[] }
  /** A task's manifest, or the global model that a round of it starts from, which none of these nodes serves. */
  | { readonly kind: "manifest" | "model"; readonly taskId: number; readonly nodeIds: readonly number[] }
  /** The state of an old block, which the endpoint has forgotten. */
  | { readonly kind: "state" };

/** One fact of the chain beside what the rules make of its causes. */
export interface Check {
  readonly kind: CheckKind;
  readonly taskId: number | undefined;
  readonly round: number | undefined;
  readonly subject: string;
  /** False where the fact could only be read, not derived again; `expected` then says why. */
  readonly recomputed: boolean;
  readonly agrees: boolean;
  readonly expected: string;
  readonly found: string;
  readonly block: number | undefined;
  readonly transaction: string | undefined;
  /** What a fact could not be derived again without; absent where it was, or where nothing could. */
  readonly lack?: Lack;
}

/** A value that has one printed form, by which it is compared. */
export type Fact = string | number | bigint | boolean | readonly Fact[] | undefined;

/** Takes the checks as they are made. */
export class CheckLog {
  readonly #sink: (check: Check) => void;

  constructor(sink: (check: Check) => void) {
    this.#sink = sink;
  }

  /** Compares what the rules give with what the chain says. Returns whether they agree. */
  expect(kind: CheckKind, place: CheckPlace, expected: Fact, found: Fact): boolean {
    const [left, right] = [printFact(expected), printFact(found)];
    this.#add(kind, place, { recomputed: true, agrees: left === right, expected: left, found: right });
    return left === right;
  }

  /** Records a fact that could not be derived again, why, and what was missing where it could have been. */
  notRecomputed(kind: CheckKind, place: CheckPlace, found: Fact, why: string, lack?: Lack): void {
    const verdict = { recomputed: false, agrees: true, expected: why, found: printFact(found) };
    this.#add(kind, place, { ...verdict, ...(lack !== undefined && { lack }) });
  }

  #add(
    kind: CheckKind,
    place: CheckPlace,
    verdict: Pick<Check, "recomputed" | "agrees" | "expected" | "found" | "lack">,
  ): void {
    const { taskId, round, subject, blockNumber, transactionHash } = place;
    this.#sink({
      kind,
      taskId,
      round,
      subject,
      ...verdict,
      block: blockNumber,
      transaction: transactionHash,
    });
  }
}

function printFact(fact: Fact): string {
  if (fact === undefined) return "none";
  if (typeof fact === "object") return `[${fact.map(printFact).join(" ")}]`;
  return typeof fact === "string" && /^0x[0-9a-fA-F]*$/.test(fact) ? fact.toLowerCase() : String(fact);
}
