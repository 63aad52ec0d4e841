import { expect } from "chai";
import { toBitmap } from "#protocol/rules/bitmap";
import { AlphaOrigin, EndReason, Phase, TaskState, VoidReason } from "#protocol/contracts/enums";
import type { ConcordatEvent, Named } from "#protocol/events/concordatEvent";
import { applyEvent } from "#protocol/history/applyEvent";
import { awaited } from "#protocol/history/election";
import { currentOpening, finalisedOpenings, meanScore, standings } from "#protocol/history/rounds";
import { emptyFederation } from "#protocol/history/federationState";
import type { TaskRecord, FederationState } from "#protocol/history/federationState";
import { packScores } from "#protocol/rules/packedScores";
import { validTerms } from "../rules/termsFixture.ts";

const TOKEN = `0x${"70".repeat(20)}`;
const TERMS = { ...validTerms(0), negotiationSteps: 2, rewardUnit: 3n };
const [A, B, C] = ["aa", "bb", "cc"].map((byte) => `0x${byte.repeat(32)}`) as [string, string, string];

type Name = ConcordatEvent["name"];
type Plain<T> = {
  readonly [K in keyof T]: T[K] extends boolean | bigint | readonly bigint[] ? T[K] : unknown;
};
type Told = readonly {
  readonly name: Name;
  readonly contract: ConcordatEvent["contract"];
  readonly args: object;
}[];

const CONTRACT_OF = {
  NodeAdmitted: "NodeRegistry",
  NodeRemoved: "NodeRegistry",
  Deposited: "StakeVault",
  Slashed: "StakeVault",
  TaskPublished: "TaskRegistry",
  TaskStarted: "TaskRegistry",
  TaskEnded: "TaskRegistry",
  MembershipQueued: "TaskRegistry",
  JoinDropped: "TaskRegistry",
  MemberJoined: "TaskRegistry",
  MemberLeft: "TaskRegistry",
  MemberMoved: "TaskRegistry",
  EscrowReleased: "TaskRegistry",
  RoundRecorded: "RewardLedger",
  Claimed: "RewardLedger",
} as const satisfies Partial<Record<Name, ConcordatEvent["contract"]>>;

/** An event with the fields that matter here. */
function told<N extends Name>(name: N, args: Partial<Plain<Named<ConcordatEvent, N>["args"]>>): Told[number] {
  const contracts: Partial<Record<Name, ConcordatEvent["contract"]>> = CONTRACT_OF;
  return { name, contract: contracts[name] ?? "RoundCoordinator", args: { taskId: 1, ...args } };
}

/** Folds events that stand one a block. */
function fold(events: Told, federation = emptyFederation()): FederationState {
  for (const [i, event] of events.entries()) {
    const place = { blockNumber: i, blockHash: A, transactionHash: B, logIndex: 0 };
    applyEvent(federation, { ...event, place } as unknown as ConcordatEvent);
  }
  return federation;
}

function taskOf(federation: FederationState): TaskRecord {
  const task = federation.tasks.get(1);
  if (task === undefined) throw new Error("There is no task");
  return task;
}

const join = (nodeId: number, position: number): Told[number] =>
  told("MemberJoined", { nodeId, memberId: nodeId, position });
const admit = (nodeId: number): Told[number] =>
  told("NodeAdmitted", { nodeId, endpoints: `http://${nodeId}` });
const enter = (round: number, phase: Phase, attempt = 0): Told[number] =>
  told("PhaseEntered", { round, phase, attempt, phaseStart: 10, deadline: 20 });
const update = (round: number, nodeId: number): Told[number] =>
  told("UpdateAccepted", { round, nodeId, memberId: nodeId, digest: A, samples: 100 });

const OPENED: Told = [
  admit(1),
  admit(2),
  admit(3),
  told("TaskPublished", { escrow: 900n, hardEnd: 999, terms: TERMS }),
  join(1, 0),
  join(2, 1),
  join(3, 2),
  told("TaskStarted", { activeCount: 3 }),
  told("RoundOpened", { round: 1, retry: 0, base: A, quorum: 2, openedAt: 5, sealBlock: 6 }),
  enter(1, Phase.Training),
];
const FINALISED: Told = [
  ...OPENED,
  update(1, 1),
  update(1, 2),
  update(1, 3),
  enter(1, Phase.Aggregation),
  told("SeedSealed", { round: 1, seed: C, blockHash: B }),
  told("AggregateAccepted", {
    round: 1,
    attempt: 0,
    proposerRank: 1,
    digest: B,
    accepted: toBitmap([1, 2], 3),
    rejected: toBitmap([3], 3),
    committee: [2, 1],
    attestations: [{ rank: 0 }, { rank: 1 }],
  }),
  enter(1, Phase.Negotiation),
  told("ReportAccepted", { round: 1, nodeId: 1, memberId: 1, scores: packScores([5, 7]) }),
  told("ReportAccepted", { round: 1, nodeId: 2, memberId: 2, scores: packScores([6, 8]) }),
  told("RoundRecorded", { round: 1, accepted: toBitmap([1, 2], 3), lowered: toBitmap([3], 3) }),
  told("RoundFinalised", {
    round: 1,
    aggregate: B,
    origin: AlphaOrigin.Negotiated,
    alphaBps: 6000,
    negotiationIndex: 2,
    reports: 2,
    sums: [11n, 15n],
    squares: [61n, 113n],
  }),
];

describe("the history of a federation", () => {
  it("a member that leaves gives its place to the last one, and the others keep theirs", () => {
    const left = [
      ...OPENED,
      told("MembershipQueued", { nodeId: 1, join: false }),
      told("MembershipQueued", { nodeId: 4, join: true }),
      told("MemberLeft", { nodeId: 1, memberId: 1, position: 0 }),
      told("MemberMoved", { memberId: 3, from: 2, to: 0 }),
    ];
    const task = taskOf(fold(left));
    expect(task.active).to.deep.equal([3, 2]);
    expect(task.members.get(1)?.active).to.equal(false);
    expect([...task.queued]).to.deep.equal([[4, true]]);
    expect(taskOf(fold([...left, told("JoinDropped", { nodeId: 4 })])).queued.size).to.equal(0);
    expect(taskOf(fold([...left, join(1, 2)])).active).to.deep.equal([3, 2, 1]);
  });

  it("a round has what its events said: who posted, what was accepted, the scores, alpha", () => {
    const task = taskOf(fold(FINALISED));
    const [opening] = finalisedOpenings(task);
    if (opening?.finalised === undefined) throw new Error("No round was finalised");
    expect(opening).to.include({ round: 1, retry: 0, base: A, quorum: 2, seed: C, seedBlockHash: B });
    expect(opening.active.map(({ nodeId }) => nodeId)).to.deep.equal([1, 2, 3]);
    expect([...opening.updates.keys()]).to.deep.equal([1, 2, 3]);
    expect(opening.phases.map(({ phase }) => phase)).to.deep.equal([
      Phase.Training,
      Phase.Aggregation,
      Phase.Negotiation,
    ]);
    expect(opening.proposals[0]).to.deep.include({
      accepted: [1, 2],
      rejected: [3],
      committee: [2, 1],
      attested: [0, 1],
      proposerRank: 1,
    });
    expect([...opening.reports.values()].map(({ scores }) => scores)).to.deep.equal([
      [5, 7],
      [6, 8],
    ]);
    expect(opening.finalised).to.include({ alphaBps: 6000, index: 2, origin: AlphaOrigin.Negotiated });
    expect(meanScore(opening.finalised)).to.equal(7.5);
  });

  it("whoever has not acted in the running phase is awaited", () => {
    const task = taskOf(fold([...OPENED, update(1, 2)]));
    const opening = currentOpening(task);
    if (opening === undefined) throw new Error("No round is open");
    expect(awaited(task, opening).map(({ nodeId }) => nodeId)).to.deep.equal([1, 3]);
  });

  it("a void round opens again with the same seed and nothing that was posted", () => {
    const again = [
      ...OPENED,
      told("SeedSealed", { round: 1, seed: C, blockHash: B }),
      update(1, 1),
      told("RoundVoided", { round: 1, reason: VoidReason.NoQuorum, voidsInRow: 1 }),
      told("RoundOpened", { round: 1, retry: 1, base: A, quorum: 2, openedAt: 30, sealBlock: 6 }),
      update(1, 2),
    ];
    const [first, second] = taskOf(fold(again)).openings;
    expect(first?.voided).to.include({ reason: VoidReason.NoQuorum, inRow: 1 });
    expect([...(first?.updates.keys() ?? [])]).to.deep.equal([1]);
    expect(second).to.include({ round: 1, retry: 1, seed: C, voided: undefined });
    expect([...(second?.updates.keys() ?? [])]).to.deep.equal([2]);
  });

  it("a round of its own has no seed before it is sealed", () => {
    const next = told("RoundOpened", { round: 2, retry: 0, base: B, quorum: 2, openedAt: 30, sealBlock: 9 });
    expect(taskOf(fold([...FINALISED, next])).openings.at(-1)).to.include({ round: 2, seed: undefined });
  });

  it("who was accepted earns, who was lowered loses, and what was paid is gone from the escrow", () => {
    const paid = [
      ...FINALISED,
      told("TaskEnded", { state: TaskState.Completed, reason: EndReason.RoundsDone, roundsPlayed: 1 }),
      told("EscrowReleased", { amount: 30n }),
      told("Claimed", { memberId: 1, amount: 30n }),
    ];
    const task = taskOf(fold(paid));
    expect(task).to.include({
      state: TaskState.Completed,
      endReason: EndReason.RoundsDone,
      roundsPlayed: 1,
      escrow: 900n,
      escrowLeft: 870n,
    });
    expect(currentOpening(task)).to.equal(undefined);
    expect(task.claims.map(({ memberId, amount }) => [memberId, amount])).to.deep.equal([[1, 30n]]);
    const { reputationInitial, rewardUnit } = TERMS;
    expect(standings(task, 1).map(({ reputation }) => reputation)).to.deep.equal([
      reputationInitial,
      reputationInitial + 1,
    ]);
    expect(standings(task, 1).at(-1)?.earned).to.equal(BigInt(reputationInitial) * rewardUnit);
    expect(standings(task, 3).at(-1)?.reputation).to.be.below(reputationInitial);
    expect(standings(task, 3).at(-1)?.earned).to.equal(0n);
  });

  it("stakes are what the vault said last, less what was slashed", () => {
    const federation = fold([
      admit(1),
      told("Deposited", { nodeId: 1, token: TOKEN, received: 500n, stake: 500n }),
      told("Deposited", { nodeId: 1, token: TOKEN, received: 200n, stake: 700n }),
      told("Slashed", { nodeId: 1, token: TOKEN, fromStake: 70n }),
      told("NodeRemoved", { nodeId: 1 }),
    ]);
    expect(federation.nodes.get(1)).to.include({ isMember: false, slashed: 1 });
    expect([...(federation.nodes.get(1)?.stakes ?? [])]).to.deep.equal([[TOKEN, 630n]]);
  });

  it("an event of what nobody has told of changes nothing but the list of events", () => {
    const strange = [
      update(1, 1),
      told("TaskStarted", {}),
      told("Slashed", { nodeId: 9 }),
      told("NodeRemoved", { nodeId: 9 }),
    ];
    const { events, ...rest } = fold(strange);
    expect(events).to.have.length(strange.length);
    expect(rest).to.deep.equal({ nodes: new Map(), proposals: new Map(), tasks: new Map() });
  });
});
