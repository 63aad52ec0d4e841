import { expect } from "chai";
import { awaitedIn, awaitedWords, nodeWords } from "#protocol/rules/awaited";
import type { RoundInProgress } from "#protocol/rules/awaited";
import { Phase } from "#protocol/contracts/enums";

const START = 1_000_000;

/** Members 1 to 4 are the nodes 11, 7, 3 and 9. */
function round(over: Partial<RoundInProgress> = {}): RoundInProgress {
  return {
    taskId: 5,
    phase: Phase.Training,
    round: 2,
    attempt: 0,
    quorum: 3,
    phaseStart: START,
    deadline: START + 600,
    slotSeconds: 30,
    active: new Map([
      [1, 11],
      [2, 7],
      [3, 3],
      [4, 9],
    ]),
    posted: new Set(),
    reported: new Set(),
    committee: undefined,
    ...over,
  };
}

describe("who is awaited in a round", () => {
  it("are those whose update is missing while training runs, by node and not by member", () => {
    const view = round({ posted: new Set([1, 3]) });
    expect(awaitedIn(view, START + 60)).to.deep.equal({ kind: "updates", nodes: [7, 9], of: 4, acted: 2 });
    expect(awaitedWords(view, START + 60)).to.deep.equal([
      "Waiting for the updates of nodes 7 and 9 (2 of 4 are there, the quorum is 3)",
      "1 more is needed in 9 minutes, or the round is void and opens again",
      "The members can vote out a node that is gone for good: concordat task expel N",
    ]);
  });

  it("are told that the round goes on without them once the quorum is met", () => {
    const words = awaitedWords(round({ posted: new Set([1, 2, 3]) }), START + 540);
    expect(words).to.deep.equal([
      "Waiting for the updates of node 9 (3 of 4 are there, the quorum is 3)",
      "The round goes on without it in 1 minute",
      "If node 9 is gone for good, the members can vote it out: concordat task expel 9",
    ]);
  });

  it("are those whose scores are missing in the negotiation, whoever posted an update", () => {
    const view = round({ phase: Phase.Negotiation, posted: new Set([1, 2, 3]), reported: new Set([4]) });
    expect(awaitedIn(view, START)).to.deep.include({ kind: "scores", nodes: [3, 7, 11], acted: 1 });
    expect(awaitedWords(view, START)[1]).to.equal("2 more are needed in 10 minutes, or alpha stays as it is");
  });

  it("is the leader first, then each further rank when its slot begins", () => {
    const view = round({ phase: Phase.Aggregation, committee: [9, 3, 11] });
    const at = (seconds: number) => awaitedIn(view, START + seconds);
    expect(at(0)).to.deep.include({ mayPropose: [9], next: { node: 3, at: START + 30 } });
    expect(at(29)).to.deep.include({ mayPropose: [9] });
    expect(at(30)).to.deep.include({ mayPropose: [9, 3], next: { node: 11, at: START + 60 } });
    expect(at(500)).to.deep.include({ mayPropose: [9, 3, 11], next: undefined });
    expect(awaitedWords(view, START + 40)[0]).to.equal(
      "Waiting for the aggregate, from one of nodes 9 and 3; the turn of node 11 comes in 20 seconds",
    );
    expect(awaitedWords(view, START)[0]).to.contain("from node 9 (the leader); the turn of node 3");
  });

  it("is nobody's turn before a committee is elected", () => {
    expect(awaitedIn(round({ phase: Phase.Aggregation }), START)).to.deep.equal({ kind: "election" });
  });

  it("is anyone who moves the round on once the phase's time is over, and who did not act is named", () => {
    const view = round({ posted: new Set([1, 2, 3]) });
    expect(awaitedIn(view, START + 600)).to.deep.equal({ kind: "advance", nodes: [9], since: START + 600 });
    expect(awaitedWords(view, START + 660)).to.deep.equal([
      "The phase ended 1 minute ago, due to move on: concordat task advance 5",
      "Did not act in time: node 9",
      "If node 9 is gone for good, the members can vote it out: concordat task expel 9",
    ]);
  });

  it("is nobody before the first round and after the end", () => {
    for (const phase of [Phase.None, Phase.Ended]) {
      expect(awaitedIn(round({ phase }), START + 9999)).to.deep.equal({ kind: "nobody" });
      expect(awaitedWords(round({ phase }), START)).to.deep.equal([]);
    }
  });

  it("does not ask for anybody where all have acted", () => {
    const words = awaitedWords(round({ posted: new Set([1, 2, 3, 4]) }), START);
    expect(words).to.deep.equal(["All 4 updates are there: the round moves on with the next block"]);
  });

  it("names few nodes and counts the rest", () => {
    expect(nodeWords([1])).to.equal("node 1");
    expect(nodeWords([1, 2, 7])).to.equal("nodes 1, 2 and 7");
    const many = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(nodeWords(many)).to.equal("nodes 1, 2, 3, 4, 5, 6, 7, 8 and 12 more");
  });
});
