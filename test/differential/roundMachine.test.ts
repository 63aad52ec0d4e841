import { expect } from "chai";
import * as fc from "fast-check";
import { network } from "hardhat";
import { EndReason, MemberStatus, Phase } from "#protocol/contracts/enums";
import { activate, applyChanges, drop, emptyRoster, enqueue, nodeOf, statusOf } from "#protocol/rules/roster";
import type { Roster } from "#protocol/rules/roster";
import {
  endOf,
  enterPhase,
  finalised,
  gathersMembers,
  openRound,
  transitionOf,
  unopened,
  voided,
} from "#protocol/rules/roundMachine";
import type { RoundActs, RoundState } from "#protocol/rules/roundMachine";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { deployFederation, digestOf } from "../contracts/federation.ts";
import type { Federation } from "../contracts/federation.ts";

const NODES = 6;
const VOID_DIGEST = `0x${"00".repeat(32)}`;

/** What somebody does, or time does; `share` says how many of the members that could act do. */
type Action =
  | { readonly kind: "train" | "report"; readonly share: number }
  | { readonly kind: "aggregate"; readonly isVoid: boolean }
  | { readonly kind: "deadline" | "hardEnd" }
  | { readonly kind: "join" | "leave" | "resign"; readonly node: number };

const someone = fc.integer({ min: 1, max: NODES });
const anyShare = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
/** Likelier what moves rounds on; each action is passed over where the phase does not have it. */
const actions = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("train" as const), share: anyShare }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("report" as const), share: anyShare }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("aggregate" as const),
        isVoid: fc.nat(5).map((n) => n === 0),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("deadline" as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), node: someone }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("resign" as const), node: someone }) },
  ),
  { minLength: 15, maxLength: 30 },
);

/** A task as the rules make it, beside the task that the contracts make of the same actions. */
class Twin {
  readonly #federation: Federation;
  readonly #terms: TaskTerms;
  readonly #removals: number[] = [];
  readonly #posted = new Set<number>();
  readonly #reported = new Set<number>();
  #attested: RoundActs["attested"] = "nothing";
  #aggregates = 0;
  #round: RoundState;
  #roster: Roster;
  end: EndReason = EndReason.None;
  #roundsPlayed = 0;

  constructor(federation: Federation) {
    this.#federation = federation;
    this.#terms = federation.terms;
    this.#round = unopened(this.#terms);
    this.#roster = emptyRoster(this.#terms.maxNodes, 0);
  }

  get round(): RoundState {
    return this.#round;
  }

  async start(nodeIds: readonly number[]): Promise<void> {
    for (const nodeId of nodeIds) {
      await this.#federation.join(this.#federation.node(nodeId));
      this.#roster = activate(this.#roster, nodeId).roster;
    }
    await this.#federation.contracts.coordinator.start(this.#federation.taskId);
    this.#open(await this.#now());
  }

  async play(action: Action): Promise<void> {
    if (this.end !== EndReason.None) return;
    const federation = this.#federation;
    switch (action.kind) {
      case "train": {
        const nodes = this.#some(Phase.Training, this.#posted, action.share);
        if (nodes.length === 0) return;
        await federation.train(nodes.map((nodeId) => federation.node(nodeId)));
        for (const nodeId of nodes) this.#posted.add(nodeId);
        return this.#settle();
      }
      case "report": {
        const nodes = this.#some(Phase.Negotiation, this.#reported, action.share);
        if (nodes.length === 0) return;
        await federation.negotiate(
          undefined,
          nodes.map((nodeId) => federation.node(nodeId)),
        );
        for (const nodeId of nodes) this.#reported.add(nodeId);
        return this.#settle();
      }
      case "aggregate": {
        if (this.#round.phase !== Phase.Aggregation) return;
        const { isVoid } = action;
        const none = { digest: VOID_DIGEST, accepted: [], rejected: [] };
        await federation.aggregate(isVoid ? none : { digest: digestOf(`aggregate ${++this.#aggregates}`) });
        this.#attested = isVoid ? "too few updates" : "aggregate";
        return this.#settle();
      }
      case "deadline":
        await federation.passDeadline();
        await federation.advance();
        return this.#settle();
      case "hardEnd":
        await federation.connection.networkHelpers.time.increaseTo((await federation.status()).hardEnd);
        await federation.advance();
        return this.#settle();
      case "join":
      case "leave":
        return this.#ask(action.node, action.kind === "join");
      case "resign":
        if (this.#removals.includes(action.node) || this.#removals.length > 1) return;
        await federation.contracts.nodeRegistry.connect(federation.node(action.node).operator).resign();
        this.#removals.push(action.node);
    }
  }

  /** Requires that the contracts' task is the same. */
  async compare(what: string): Promise<void> {
    const { taskId, contracts } = this.#federation;
    const view = await contracts.coordinator.roundOf(taskId);
    const status = await contracts.taskRegistry.status(taskId);
    const { after: _after, targetMet: _targetMet, ...fields } = this.#round;
    const found = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => {
        const given: unknown = view[name as keyof typeof view];
        return [name, typeof value === "number" ? Number(given) : given];
      }),
    );
    expect(found, what).to.deep.equal(fields);
    const active = (await contracts.taskRegistry.activeMembers(taskId)).map(Number);
    expect(active, `${what}: members by position`).to.deep.equal(this.#roster.active);
    expect([Number(status.endReason), Number(status.roundsPlayed)], `${what}: its end`).to.deep.equal([
      this.end,
      this.#roundsPlayed,
    ]);
  }

  /** The first of those that have not acted, where the phase is theirs. */
  #some(phase: Phase, acted: ReadonlySet<number>, share: number): readonly number[] {
    if (this.#round.phase !== phase) return [];
    const idle = this.#roster.active
      .map((memberId) => nodeOf(this.#roster, memberId))
      .filter((nodeId) => !acted.has(nodeId));
    return idle.slice(0, Math.ceil(share * idle.length));
  }

  async #ask(nodeId: number, join: boolean): Promise<void> {
    if (this.#removals.includes(nodeId)) return;
    const status = statusOf(this.#roster, nodeId);
    const isOut = status === MemberStatus.None || status === MemberStatus.Left;
    const node = this.#federation.node(nodeId);
    if (join && isOut) {
      await this.#federation.join(node);
      this.#roster = enqueue(this.#roster, nodeId, true);
    } else if (!join && status === MemberStatus.Joining) {
      await this.#federation.leave(node);
      this.#roster = drop(this.#roster, nodeId).roster;
    } else if (!join && status === MemberStatus.Active) {
      await this.#federation.leave(node);
      this.#roster = enqueue(this.#roster, nodeId, false);
    }
  }

  async #settle(): Promise<void> {
    const at = await this.#now();
    const acts = { posted: this.#posted.size, reported: this.#reported.size, attested: this.#attested };
    const next = transitionOf(this.#round, this.#terms, acts, at.now);
    switch (next.kind) {
      case "none":
        return;
      case "enter":
        this.#round = enterPhase(this.#round, this.#terms, next, at.now);
        return;
      case "void":
        this.#round = voided(this.#round);
        return this.#goOn(at);
      case "finalise":
        this.#round = finalised(this.#round, false);
        return this.#goOn(at);
      case "end":
        return this.#endNow(at.now);
    }
  }

  #goOn(at: Moment): void {
    if (gathersMembers(this.#round, this.#terms, at.now)) {
      this.#roster = applyChanges(this.#roster, {
        removals: this.#removals,
        isRegistered: (nodeId) => !this.#removals.includes(nodeId),
        hasStake: () => true,
      }).roster;
    }
    const { reason } = endOf(this.#round, this.#terms, this.#roster.active.length, at.now);
    if (reason === EndReason.None) this.#open(at);
    else this.#endNow(at.now);
  }

  #endNow(now: number): void {
    const { reason, roundsPlayed } = endOf(this.#round, this.#terms, this.#roster.active.length, now);
    const { attempt } = this.#round;
    const ended = { phase: Phase.Ended, attempt, isFailover: false };
    this.#round = enterPhase(this.#round, this.#terms, ended, now);
    this.end = reason;
    this.#roundsPlayed = roundsPlayed;
  }

  #open({ now, block }: Moment): void {
    const activeCount = this.#roster.active.length;
    const aggregate = this.#aggregates === 0 ? undefined : digestOf(`aggregate ${this.#aggregates}`);
    const opened = openRound(this.#round, this.#terms, { activeCount, now, block, aggregate });
    const training = { phase: Phase.Training, attempt: opened.attempt, isFailover: false };
    this.#round = enterPhase(opened, this.#terms, training, now);
    this.#posted.clear();
    this.#reported.clear();
    this.#attested = "nothing";
  }

  async #now(): Promise<Moment> {
    const block = await this.#federation.connection.ethers.provider.getBlock("latest");
    if (block === null) throw new Error("The chain has no block");
    return { now: block.timestamp, block: block.number };
  }
}

interface Moment {
  /** Unix seconds. */
  readonly now: number;
  readonly block: number;
}

describe("the state machine of rounds and the roster", () => {
  let federation: Federation;

  before(async () => {
    federation = await deployFederation(await network.create(), { nodes: NODES });
  });

  /** Plays on a task of its own, and gives how it ended. */
  async function play(scenario: readonly Action[], overrides: Partial<TaskTerms>): Promise<Twin> {
    const { networkHelpers } = federation.connection;
    const fresh = await networkHelpers.takeSnapshot();
    await federation.publish({ minNodes: 2, maxNodes: 5, rounds: 3, maxAttempts: 2, ...overrides });
    const twin = new Twin(federation);
    await twin.start([1, 2, 3, 4]);
    await twin.compare("the first opening");
    for (const [i, action] of scenario.entries()) {
      await twin.play(action);
      await twin.compare(`action ${i}, ${JSON.stringify(action)}`);
    }
    await fresh.restore();
    return twin;
  }

  it("are the contracts', whatever members do", async () => {
    const overrides = fc.record({
      maxVoidRounds: fc.integer({ min: 1, max: 4 }),
      electionMode: fc.constantFrom(0, 1),
    });
    await fc.assert(
      fc.asyncProperty(actions, overrides, async (scenario, terms) => {
        await play(scenario, terms as Partial<TaskTerms>);
      }),
      { numRuns: 12 },
    );
  });

  const train = { kind: "train", share: 1 } as const;
  const aggregate = { kind: "aggregate", isVoid: false } as const;
  const report = { kind: "report", share: 1 } as const;
  const deadline = { kind: "deadline" } as const;
  const round = [train, aggregate, report];
  const soon = async (): Promise<Partial<TaskTerms>> => ({ timeLimit: (await federation.now()) + 5_000 });

  for (const [name, reason, scenario, overrides] of [
    ["after its rounds", EndReason.RoundsDone, [...round, ...round, ...round], async () => ({})],
    [
      "after void rounds in a row",
      EndReason.VoidRounds,
      [deadline, train, deadline, deadline, train, { kind: "aggregate", isVoid: true }],
      async () => ({ maxVoidRounds: 3 }),
    ],
    ["at its time limit", EndReason.TimeLimit, [deadline, deadline], soon],
    ["at its hard end", EndReason.HardEnd, [train, { kind: "hardEnd" }], soon],
    [
      "when too few nodes are left",
      EndReason.TooFewNodes,
      [...[1, 2, 3].map((node) => ({ kind: "leave", node }) as const), ...round],
      async () => ({}),
    ],
  ] as const) {
    it(`a task ends ${name}, as the contracts say`, async () => {
      const twin = await play(scenario, await overrides());
      expect(twin.end).to.equal(reason);
    });
  }

  it("a failed attempt is another committee's, and a void round keeps what attempts were used", async () => {
    const twin = await play([train, deadline, deadline, train], {});
    expect(twin.round).to.include({ round: 1, retry: 1, attempt: 2, attemptsLeft: 1, voidsInRow: 1 });
  });

  it("a member that left gives its position to the last, and comes back under its own number", async () => {
    const scenario: Action[] = [
      { kind: "leave", node: 1 },
      { kind: "join", node: 5 },
      ...round,
      { kind: "join", node: 1 },
      { kind: "resign", node: 3 },
      ...round,
    ];
    await play(scenario, {});
  });
});
