import { expect } from "chai";
import { AbiCoder, toBeHex } from "ethers";
import { audit } from "#audit/audit";
import type { ChainSource } from "#audit/reading/chainSource";
import type { Check, CheckKind } from "#audit/checks";
import { INTERFACES } from "#audit/reading/contracts";
import { EndReason, ProposalState, SkipReason, VoidReason } from "#protocol/contracts/enums";
import type { ContractName } from "#protocol/events/contracts";
import type { Hex } from "#protocol/ids";
import type { Scenario } from "./scenario.ts";
import { beginScenario, playEventfulTask, playFailures, playStakedTask } from "./scenario.ts";
import type { Args, Lie } from "./tamperedSource.ts";
import { argsOf, liedSource, rememberedSource } from "./tamperedSource.ts";

const OTHER = `0x${"ab".repeat(32)}`;
const OTHER_ACCOUNT = `0x${"Ab".repeat(20)}`.toLowerCase();

/** Adds one to a number. */
const more =
  (field: string) =>
  (args: Args): Args => ({ ...args, [field]: (args[field] as bigint) + 1n });
const set =
  (field: string, value: unknown) =>
  (args: Args): Args => ({ ...args, [field]: value });
const inRound =
  (round: bigint) =>
  (args: Args): boolean =>
    args["taskId"] === 1n && args["round"] === round;
const leftOut = (): undefined => undefined;

/** A signature by the same bytes but one: by nobody that matters. */
function spoilt(signature: unknown): string {
  const value = BigInt(signature as string);
  return toBeHex(value ^ (1n << 300n), 65);
}

const firstAttestation =
  (change: (attestation: { rank: bigint; signature: string }) => unknown) =>
  (args: Args): Args => {
    const { attestations } = argsOf("AggregateAccepted", args);
    return { ...args, attestations: attestations.map((a, i) => (i === 0 ? change(a) : a)) };
  };

/** What is told instead of the truth, and the kind of check that must be the first to object. */
const LIES: readonly (readonly [string, CheckKind, Lie])[] = [
  ["an electorate", "registry.proposal", { event: "ProposalCreated", change: more("electorate") }],
  ["an expiry", "registry.proposal", { event: "ProposalCreated", change: more("expiresAt") }],
  ["a vote", "registry.vote", { event: "Voted", change: set("approve", true) }],
  [
    "a voter",
    "registry.vote",
    { event: "Voted", where: (a) => a["voterNodeId"] === 3n, change: set("voterNodeId", 2n) },
  ],
  ["a stranger's vote", "registry.vote", { event: "Voted", change: set("voterNodeId", 99n) }],
  ["a count of votes", "registry.vote", { event: "Voted", change: more("rejections") }],
  [
    "a majority",
    "registry.majority",
    { event: "ProposalClosed", change: set("state", ProposalState.Passed) },
  ],
  ["a missing vote", "registry.vote", { event: "Voted", change: leftOut }],
  [
    "an admission",
    "registry.admission",
    { event: "NodeAdmitted", where: (a) => a["nodeId"] === 6n, change: set("operator", OTHER_ACCOUNT) },
  ],
  ["a founder's signer", "update.signature", { event: "NodeAdmitted", change: set("signer", OTHER_ACCOUNT) }],
  ["an index of removal", "registry.removal", { event: "NodeRemoved", change: more("removalIndex") }],
  ["a rotation's second", "registry.signer", { event: "SignerChanged", change: more("effectiveFrom") }],
  ["a rotated signer", "update.signature", { event: "SignerChanged", change: set("signer", OTHER_ACCOUNT) }],
  ["an escrow", "task.escrow", { event: "TaskPublished", change: more("escrow") }],
  ["a hard end", "task.terms", { event: "TaskPublished", change: more("hardEnd") }],
  ["the number of rounds", "task.escrow", { event: "TaskPublished", change: withTerms({ rounds: 2n }) }],
  [
    "terms that are not valid",
    "task.terms",
    { event: "TaskPublished", change: withTerms({ quorumBps: 0n }) },
  ],
  ["a quorum term", "round.quorum", { event: "TaskPublished", change: withTerms({ quorumBps: 10_000n }) }],
  ["a position", "roster.position", { event: "MemberJoined", change: more("position") }],
  ["a member id", "roster.position", { event: "MemberJoined", change: more("memberId") }],
  ["who joined", "roster.member", { event: "MemberJoined", change: set("nodeId", 77n) }],
  ["a queued join", "roster.member", { event: "MembershipQueued", change: set("join", false) }],
  ["who queued", "roster.member", { event: "MembershipQueued", change: set("nodeId", 1n) }],
  [
    "who left",
    "roster.position",
    { event: "MemberLeft", where: (a) => a["taskId"] === 1n, change: more("nodeId") },
  ],
  ["a move", "roster.position", { event: "MemberMoved", change: more("to") }],
  ["the nodes at the start", "task.start", { event: "TaskStarted", change: more("activeCount") }],
  ["a reason to end", "task.end", { event: "TaskEnded", change: set("reason", EndReason.TimeLimit) }],
  ["the rounds played", "task.end", { event: "TaskEnded", change: more("roundsPlayed") }],
  ["a base", "round.opening", { event: "RoundOpened", where: inRound(2n), change: set("base", OTHER) }],
  ["an opening time", "round.opening", { event: "RoundOpened", change: more("openedAt") }],
  ["a seal block", "round.opening", { event: "RoundOpened", change: more("sealBlock") }],
  ["a quorum", "round.quorum", { event: "RoundOpened", change: more("quorum") }],
  ["a seed", "round.seed", { event: "SeedSealed", change: set("seed", OTHER) }],
  ["a block hash", "round.seed", { event: "SeedSealed", change: set("blockHash", OTHER) }],
  ["a deadline", "round.phase", { event: "PhaseEntered", change: more("deadline") }],
  ["an attempt", "round.phase", { event: "PhaseEntered", where: inRound(2n), change: more("attempt") }],
  ["an update's digest", "update.signature", { event: "UpdateAccepted", change: set("digest", OTHER) }],
  ["an update's samples", "update.signature", { event: "UpdateAccepted", change: more("samples") }],
  ["no samples", "update.samples", { event: "UpdateAccepted", change: set("samples", 0n) }],
  [
    "an update's signature",
    "update.signature",
    { event: "UpdateAccepted", change: (a) => ({ ...a, signature: spoilt(a["signature"]) }) },
  ],
  ["whose update it is", "update.member", { event: "UpdateAccepted", change: more("nodeId") }],
  ["a missing update", "round.phase", { event: "UpdateAccepted", change: leftOut }],
  [
    "a reason to skip",
    "result.skipped",
    { event: "ResultSkipped", change: set("reason", SkipReason.BadSamples) },
  ],
  [
    "a committee",
    "aggregate.committee",
    {
      event: "AggregateAccepted",
      change: (a) => ({ ...a, committee: argsOf("AggregateAccepted", a).committee.toReversed() }),
    },
  ],
  [
    "an attestation",
    "aggregate.signature",
    {
      event: "AggregateAccepted",
      change: firstAttestation(({ rank, signature }) => ({ rank, signature: spoilt(signature) })),
    },
  ],
  [
    "the aggregate's digest",
    "aggregate.signature",
    { event: "AggregateAccepted", change: set("digest", OTHER) },
  ],
  [
    "too few attestations",
    "aggregate.quorum",
    {
      event: "AggregateAccepted",
      change: (a) => ({ ...a, attestations: argsOf("AggregateAccepted", a).attestations.slice(0, 1) }),
    },
  ],
  [
    "a member that did not post",
    "aggregate.bitmaps",
    { event: "AggregateAccepted", change: set("accepted", [0x1fn]) },
  ],
  [
    "accepted and rejected at once",
    "aggregate.bitmaps",
    { event: "AggregateAccepted", change: set("rejected", [1n]) },
  ],
  ["who is accepted", "aggregate.signature", { event: "AggregateAccepted", change: set("accepted", [0x7n]) }],
  ["a missed duty", "round.duty", { event: "DutyMissed", change: more("nodeId") }],
  ["a duty that was not missed", "round.duty", { event: "DutyMissed", change: leftOut }],
  [
    "why a round is void",
    "round.void",
    { event: "RoundVoided", change: set("reason", VoidReason.AttemptsSpent) },
  ],
  ["the void rounds in a row", "round.void", { event: "RoundVoided", change: more("voidsInRow") }],
  ["a score", "report.signature", { event: "ReportAccepted", change: more("scores") }],
  ["a score above the maximum", "report.scores", { event: "ReportAccepted", change: set("scores", 0xffffn) }],
  ["a missing report", "round.phase", { event: "ReportAccepted", change: leftOut }],
  [
    "a missing report of a round that is not complete",
    "negotiation.sums",
    { event: "ReportAccepted", where: inRound(2n), change: leftOut },
  ],
  [
    "a sum",
    "negotiation.sums",
    {
      event: "RoundFinalised",
      change: (a) => ({ ...a, sums: argsOf("RoundFinalised", a).sums.map((sum) => sum + 1n) }),
    },
  ],
  ["an alpha", "negotiation.alpha", { event: "RoundFinalised", change: more("alphaBps") }],
  [
    "a negotiation index",
    "negotiation.alpha",
    { event: "RoundFinalised", change: set("negotiationIndex", 3n) },
  ],
  ["who earned", "reward.bitmaps", { event: "RoundRecorded", change: set("accepted", [1n]) }],
  [
    "whose reputation fell",
    "reward.bitmaps",
    { event: "RoundRecorded", where: inRound(2n), change: set("lowered", [0n]) },
  ],
  ["a reputation", "reward.settlement", { event: "Settled", change: more("reputation") }],
  ["a reward", "reward.settlement", { event: "Settled", change: more("reward") }],
  ["a claim", "reward.claim", { event: "Claimed", change: more("amount") }],
  ["a refund", "reward.refund", { event: "Refunded", change: more("amount") }],
  ["a payment", "escrow.release", { event: "EscrowReleased", change: more("amount") }],
  ["who is paid", "escrow.release", { event: "EscrowReleased", change: set("to", OTHER_ACCOUNT) }],
  ["a cancelled task's refund", "escrow.release", { event: "TaskCancelled", change: more("refund") }],
  ["a deposit", "stake.account", { event: "Deposited", change: more("received") }],
  ["a release time", "stake.account", { event: "Unbonding", change: more("releaseTime") }],
  ["a slash", "stake.slash", { event: "Slashed", change: more("fromPending") }],
  ["a bounty", "stake.slash", { event: "Slashed", change: more("bounty") }],
  ["proceeds", "stake.slash", { event: "ProceedsClaimed", change: more("amount") }],
];

/** Lies that no other event contradicts: the contracts' state does. */
const STATE_LIES: readonly (readonly [string, CheckKind, Lie])[] = [
  [
    "a settlement that is left out",
    "reward.state",
    { event: "Settled", where: (a) => a["taskId"] === 2n, change: leftOut },
  ],
  [
    "a rotation that is left out",
    "registry.state",
    { event: "SignerChanged", where: (a) => a["nodeId"] === 5n, change: leftOut },
  ],
  ["a withdrawal that is left out", "stake.state", { event: "Withdrawn", change: leftOut }],
  [
    "a founder's endpoints",
    "registry.state",
    {
      event: "NodeAdmitted",
      where: (a) => a["nodeId"] === 2n,
      change: set("endpoints", "http://127.0.0.1:1"),
    },
  ],
];

/** Views that lie while all events are true. */
const VIEW_LIES: readonly (readonly [CheckKind, ContractName, string])[] = [
  ["registry.state", "NodeRegistry", "memberCount"],
  ["task.state", "TaskRegistry", "taskCount"],
  ["roster.state", "TaskRegistry", "activeMembers"],
  ["round.state", "RoundCoordinator", "sumsOf"],
  ["reward.state", "RewardLedger", "accountOf"],
  ["reward.state", "RewardLedger", "refundable"],
  ["stake.state", "StakeVault", "stakeOf"],
  ["stake.conservation", "StakeVault", "liabilities"],
];

function withTerms(change: Args): (args: Args) => Args {
  return (args) => ({ ...args, terms: { ...(args["terms"] as Args), ...change } });
}

describe("an audit finds", () => {
  let scenario: Scenario;
  let source: ChainSource;

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    await playFailures(scenario);
    source = rememberedSource(scenario.source);
  });

  /** The first check that disagrees; the audit goes no further. */
  async function firstObjection(told: ChainSource): Promise<Check | undefined> {
    let objection: Check | undefined;
    const stop = new Error("an objection");
    const onCheck = (check: Check): void => {
      if (check.agrees) return;
      objection = check;
      throw stop;
    };
    await audit({ chain: { source: told }, addressBook: scenario.deployment, onCheck }).catch(
      (error: unknown) => {
        if (error !== stop) throw error;
      },
    );
    return objection;
  }

  for (const [what, kind, lie] of LIES) {
    it(`a lie about ${what} (${kind})`, async () => {
      const lied = await liedSource(source, scenario.deployment, lie);
      const objection = await firstObjection(lied.source);
      expect(objection?.kind).to.equal(kind);
      expect(objection?.block).to.be.at.least(lied.block);
    });
  }

  for (const [what, kind, lie] of STATE_LIES) {
    it(`in the contracts' state ${what} (${kind})`, async () => {
      const lied = await liedSource(source, scenario.deployment, lie);
      expect((await firstObjection(lied.source))?.kind).to.equal(kind);
    });
  }

  for (const [kind, contract, view] of VIEW_LIES) {
    it(`that ${contract}.${view} does not follow from the events (${kind})`, async () => {
      const selector = INTERFACES[contract].getFunction(view)?.selector ?? "";
      const lying: ChainSource = {
        ...source,
        call: async (to, data, block) => {
          const answer = await source.call(to, data, block);
          return data.startsWith(selector) ? toBeHex(BigInt(answer) ^ 1n, (answer.length - 2) / 2) : answer;
        },
      };
      expect((await firstObjection(lying))?.kind).to.equal(kind);
    });
  }

  it("a header that does not have the hash that seeded an election (round.seed)", async () => {
    const { sealBlock } = await scenario.federation.contracts.coordinator.roundOf(1);
    const lying: ChainSource = {
      ...source,
      block: async (number) => {
        const facts = await source.block(number);
        return number === Number(sealBlock) ? { ...facts, hash: OTHER } : facts;
      },
    };
    expect((await firstObjection(lying))?.kind).to.equal("round.seed");
  });

  /** The chain whose first change of endpoints has other data. */
  async function endpointsOf(data: Hex): Promise<ChainSource> {
    const topic = INTERFACES.NodeRegistry.getEvent("EndpointsChanged")?.topicHash;
    const { nodeRegistry } = scenario.federation.contracts;
    const told = await nodeRegistry.connect(scenario.federation.node(1).operator).setEndpoints("http://a");
    const { blockNumber } = (await told.wait()) ?? {};
    return {
      ...scenario.source,
      logs: async (...range) =>
        (await scenario.source.logs(...range)).map((log) =>
          log.blockNumber === blockNumber && log.topics[0] === topic ? { ...log, data } : log,
        ),
    };
  }

  it("an event whose bytes do not fit it (registry.state), and goes on", async () => {
    const lying = await endpointsOf("0x01");
    expect(await firstObjection(lying)).to.include({
      kind: "registry.state",
      subject: "EndpointsChanged",
      expected: "bytes that fit the event",
      found: "data out-of-bounds",
    });
    const report = await audit({ chain: { source: lying }, addressBook: scenario.deployment });
    const events = await audit({ chain: { source: scenario.source }, addressBook: scenario.deployment });
    expect(report.events).to.equal(events.events);
  });

  it("text that the contract does not have, even where it is no UTF-8 (registry.state)", async () => {
    const lying = await endpointsOf(AbiCoder.defaultAbiCoder().encode(["bytes"], ["0xff6869fe"]) as Hex);
    const objection = await firstObjection(lying);
    expect([objection?.kind, objection?.subject]).to.deep.equal(["registry.state", "node 1"]);
    expect(objection?.expected).to.contain("\ufffdhi\ufffd");
    expect(objection?.found).to.contain("http://a");
  });
});
