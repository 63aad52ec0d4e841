import type { Bitmap } from "@concordat/protocol/rules/bitmap";
import { bitmapHas } from "@concordat/protocol/rules/bitmap";
import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import type { Outcome } from "@concordat/protocol/rules/reputationRule";
import { refundableOf, settleRound } from "@concordat/protocol/rules/rewardSchedule";
import type { ReplayContext } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";
import type { ReplayedTask, TaskRegistryReplay } from "./taskRegistryReplay.ts";

/** Who earns and whose reputation falls in a finalised round. */
export interface RoundOutcome {
  readonly accepted: Bitmap;
  readonly lowered: Bitmap;
}

/** A member's account, by the rules. */
export interface ReplayedAccount {
  settledRounds: number;
  reputation: number;
  earned: bigint;
  claimed: bigint;
}

/** One task's rewards. Outcomes by round - 1: bitmaps only, since members settle late. */
export interface ReplayedBook {
  readonly outcomes: RoundOutcome[];
  readonly accounts: Map<number, ReplayedAccount>;
  credited: bigint;
  refunded: bigint;
}

/** Reputation and rewards, derived from the outcomes that the coordinator's replay found. */
export class RewardLedgerReplay {
  readonly books = new Map<number, ReplayedBook>();
  readonly #context: ReplayContext;
  readonly #tasks: TaskRegistryReplay;

  constructor(context: ReplayContext, tasks: TaskRegistryReplay) {
    this.#context = context;
    this.#tasks = tasks;
  }

  book(taskId: number): ReplayedBook {
    const book = this.books.get(taskId) ?? { outcomes: [], accounts: new Map(), credited: 0n, refunded: 0n };
    this.books.set(taskId, book);
    return book;
  }

  /** A member's account with every recorded round settled. */
  settledAccount(task: ReplayedTask, memberId: number): ReplayedAccount {
    const book = this.book(task.taskId);
    return this.#settle(task, book, memberId, book.outcomes.length);
  }

  /** A member's account as far as it was settled. */
  storedAccount(task: ReplayedTask, memberId: number): ReplayedAccount {
    const fresh = { settledRounds: 0, reputation: task.terms.reputationInitial, earned: 0n, claimed: 0n };
    return this.book(task.taskId).accounts.get(memberId) ?? fresh;
  }

  /** What the publisher may take back now. */
  refundable(task: ReplayedTask): bigint {
    const { outcomes, accounts, credited, refunded } = this.book(task.taskId);
    const settled = [...accounts.values()].filter((a) => a.settledRounds === outcomes.length).length;
    const unsettledMembers = outcomes.length === 0 ? 0 : task.roster.nodes.length - settled;
    return refundableOf(task.terms, { roundsPlayed: outcomes.length, unsettledMembers, credited, refunded });
  }

  apply(event: EventFrom<"RewardLedger">, outcomeOf: (taskId: number) => RoundOutcome | undefined): void {
    const task = this.#tasks.task(event.args.taskId);
    if (task === undefined) {
      const place = placeOf(event, event.name, event.args.taskId);
      this.#context.checks.expect("reward.state", place, "a published task", "none");
      return;
    }
    if (!task.audited) return;
    switch (event.name) {
      case "RoundRecorded":
        return this.#recorded(event, outcomeOf(task.taskId));
      case "Settled":
        return this.#settled(event, task);
      case "Claimed":
        return this.#claimed(event, task);
      case "Refunded":
        return this.#refunded(event, task);
    }
  }

  #recorded(
    event: Named<EventFrom<"RewardLedger">, "RoundRecorded">,
    outcome: RoundOutcome | undefined,
  ): void {
    const { taskId, round, accepted, lowered } = event.args;
    const book = this.book(Number(taskId));
    this.#context.checks.expect(
      "reward.bitmaps",
      placeOf(event, "recorded outcome", Number(taskId), Number(round)),
      [book.outcomes.length + 1, outcome?.accepted, outcome?.lowered],
      [round, accepted, lowered],
    );
    book.outcomes.push(outcome ?? { accepted, lowered });
  }

  #settled(event: Named<EventFrom<"RewardLedger">, "Settled">, task: ReplayedTask): void {
    const { fromRound, toRound, reputation, reward } = event.args;
    const memberId = event.args.memberId;
    const book = this.book(task.taskId);
    const before = this.storedAccount(task, memberId);
    const after = this.#settle(task, book, memberId, Number(toRound));
    const earned = after.earned - before.earned;
    this.#context.checks.expect(
      "reward.settlement",
      placeOf(event, `member ${memberId}`, task.taskId),
      [before.settledRounds + 1, true, after.reputation, earned],
      [fromRound, toRound <= book.outcomes.length && toRound >= fromRound, reputation, reward],
    );
    book.accounts.set(memberId, after);
    book.credited += earned;
  }

  #claimed(event: Named<EventFrom<"RewardLedger">, "Claimed">, task: ReplayedTask): void {
    const { memberId, to, amount } = event.args;
    const account = this.storedAccount(task, Number(memberId));
    const place = placeOf(event, `member ${memberId}`, task.taskId);
    this.#context.checks.expect("reward.claim", place, account.earned - account.claimed, amount);
    this.book(task.taskId).accounts.set(Number(memberId), { ...account, claimed: account.claimed + amount });
    task.release = { to, amount };
  }

  #refunded(event: Named<EventFrom<"RewardLedger">, "Refunded">, task: ReplayedTask): void {
    const { publisher, amount } = event.args;
    this.#context.checks.expect(
      "reward.refund",
      placeOf(event, "refund", task.taskId),
      [task.publisher, this.refundable(task)],
      [publisher, amount],
    );
    this.book(task.taskId).refunded += amount;
    task.release = { to: publisher, amount };
  }

  #settle(task: ReplayedTask, book: ReplayedBook, memberId: number, toRound: number): ReplayedAccount {
    const stored = this.storedAccount(task, memberId);
    let account: { readonly reputation: number; readonly earned: bigint } = stored;
    const due = book.outcomes.slice(stored.settledRounds, toRound);
    for (const outcome of due) account = settleRound(account, outcomeFor(outcome, memberId), task.terms);
    return {
      settledRounds: stored.settledRounds + due.length,
      reputation: account.reputation,
      earned: account.earned,
      claimed: stored.claimed,
    };
  }
}

function outcomeFor({ accepted, lowered }: RoundOutcome, memberId: number): Outcome {
  if (bitmapHas(accepted, memberId)) return "accepted";
  return bitmapHas(lowered, memberId) ? "lowered" : "neutral";
}
