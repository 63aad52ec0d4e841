import type { EventFrom, Named } from "@concordat/protocol/events/concordatEvent";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { ReplayContext } from "./replayContext.ts";
import { placeOf } from "./replayContext.ts";

const BPS = 10_000n;

/** A node's stake in one token, in the token's smallest unit. */
export interface ReplayedStake {
  readonly nodeId: number;
  readonly token: string;
  stake: bigint;
  pending: { amount: bigint; readonly releaseTime: number }[];
}

/** What the vault has to know of a task to slash for it. */
export interface SlashTask {
  readonly terms: TaskTerms;
  readonly hardEnd: number;
  readonly isMember: (nodeId: number) => boolean;
}

/** What nodes risk: every deposit, withdrawal and slash adds up. */
export class StakeVaultReplay {
  readonly unbondingPeriod: number;
  readonly stakes = new Map<string, ReplayedStake>();
  /** By token and account. */
  readonly proceeds = new Map<string, { readonly token: string; readonly account: string; amount: bigint }>();
  readonly #context: ReplayContext;

  constructor(context: ReplayContext, unbondingPeriod: number) {
    this.#context = context;
    this.unbondingPeriod = unbondingPeriod;
  }

  stakeOf(nodeId: number | bigint, token: string): bigint {
    return this.stakes.get(`${nodeId} ${token}`)?.stake ?? 0n;
  }

  /** All that the vault owes in a token. */
  liabilities(token: string): bigint {
    let sum = 0n;
    for (const entry of this.stakes.values()) {
      if (entry.token !== token) continue;
      sum += entry.pending.reduce((total, { amount }) => total + amount, entry.stake);
    }
    for (const entry of this.proceeds.values()) if (entry.token === token) sum += entry.amount;
    return sum;
  }

  get tokens(): ReadonlySet<string> {
    return new Set([...this.stakes.values()].map(({ token }) => token));
  }

  async apply(
    event: EventFrom<"StakeVault">,
    taskOf: (taskId: number) => SlashTask | undefined,
  ): Promise<void> {
    switch (event.name) {
      case "Deposited": {
        const account = this.#account(event.args.nodeId, event.args.token);
        account.stake += event.args.received;
        return this.#expect(event, account, [account.stake], [event.args.stake]);
      }
      case "Unbonding": {
        const { nodeId, token, amount, releaseTime, stake } = event.args;
        const account = this.#account(nodeId, token);
        const now = await this.#context.timestampOf(event.place.blockNumber);
        account.stake -= amount;
        account.pending.push({ amount, releaseTime });
        const enough = account.stake >= 0n;
        return this.#expect(
          event,
          account,
          [true, account.stake, now + this.unbondingPeriod],
          [enough, stake, releaseTime],
        );
      }
      case "Withdrawn": {
        const account = this.#account(event.args.nodeId, event.args.token);
        const now = await this.#context.timestampOf(event.place.blockNumber);
        const due = account.pending.filter(({ releaseTime }) => releaseTime <= now);
        account.pending = account.pending.filter(({ releaseTime }) => releaseTime > now);
        const amount = due.reduce((sum, entry) => sum + entry.amount, 0n);
        return this.#expect(event, account, [amount], [event.args.amount]);
      }
      case "Slashed":
        return this.#slashed(event, taskOf(event.args.taskId));
      case "ProceedsClaimed": {
        const { token, account, amount } = event.args;
        const credit = this.#credit(token, account);
        const place = placeOf(event, `proceeds of ${account}`);
        this.#context.checks.expect("stake.slash", place, credit.amount, amount);
        credit.amount = 0n;
      }
    }
  }

  async #slashed(
    event: Named<EventFrom<"StakeVault">, "Slashed">,
    task: SlashTask | undefined,
  ): Promise<void> {
    const { args } = event;
    const account = this.#account(args.nodeId, args.token);
    const place = placeOf(event, `slash of node ${args.nodeId}`, args.taskId);
    if (task === undefined) {
      this.#context.checks.expect("stake.slash", place, "a task", "none");
      return;
    }
    const { terms, hardEnd } = task;
    const fromStake = fraction(account.stake, args.fractionBps);
    let fromPending = 0n;
    for (const entry of account.pending) {
      const part = fraction(entry.amount, args.fractionBps);
      entry.amount -= part;
      fromPending += part;
    }
    const taken = fromStake + fromPending;
    const most = taken < terms.slashBounty ? taken : terms.slashBounty;
    const bounty = /^0x0+$/.test(args.bountyTo) ? 0n : most;
    const now = await this.#context.timestampOf(event.place.blockNumber);
    this.#context.checks.expect(
      "stake.slash",
      place,
      [terms.stakeToken, fromStake, fromPending, bounty, terms.slashRecipient, true, true],
      [
        args.token,
        args.fromStake,
        args.fromPending,
        args.bounty,
        args.recipient,
        task.isMember(args.nodeId),
        now <= hardEnd + terms.disputeWindowSeconds,
      ],
    );
    account.stake -= fromStake;
    this.#credit(args.token, args.bountyTo).amount += bounty;
    this.#credit(args.token, args.recipient).amount += taken - bounty;
  }

  #account(nodeId: number, token: string): ReplayedStake {
    const key = `${nodeId} ${token}`;
    const account = this.stakes.get(key) ?? { nodeId, token, stake: 0n, pending: [] };
    this.stakes.set(key, account);
    return account;
  }

  #credit(token: string, account: string): { amount: bigint } {
    const key = `${token} ${account}`;
    const credit = this.proceeds.get(key) ?? { token, account, amount: 0n };
    this.proceeds.set(key, credit);
    return credit;
  }

  #expect(
    event: EventFrom<"StakeVault">,
    account: ReplayedStake,
    expected: readonly (bigint | number | boolean)[],
    found: readonly (bigint | number | boolean)[],
  ): void {
    const place = placeOf(event, `${event.name} of node ${account.nodeId}`);
    this.#context.checks.expect("stake.account", place, expected, found);
  }
}

/** Rounded up, so that slashing dust by dust takes no less. */
function fraction(amount: bigint, fractionBps: number): bigint {
  return (amount * BigInt(fractionBps) + BPS - 1n) / BPS;
}
