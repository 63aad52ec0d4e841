import { expect } from "chai";
import { MemberStatus } from "#protocol/contracts/enums";
import {
  MAX_CHANGES,
  activate,
  applyChanges,
  deactivate,
  drop,
  emptyRoster,
  enqueue,
  memberIdOf,
  statusOf,
} from "#protocol/rules/roster";
import type { Roster, RosterFacts } from "#protocol/rules/roster";

const OPEN: RosterFacts = { removals: [], isRegistered: () => true, hasStake: () => true };

function rosterOf(nodeIds: readonly number[], maxNodes = 100): Roster {
  return nodeIds.reduce((roster, nodeId) => activate(roster, nodeId).roster, emptyRoster(maxNodes, 0));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("the roster of a task", () => {
  it("gives a free position to the member that stands last, and says so", () => {
    const { roster, events } = deactivate(rosterOf([7, 8, 9]), 7);
    expect(roster.active).to.deep.equal([3, 2]);
    expect(events).to.deep.equal([
      ["MemberLeft", 7, 1, 0],
      ["MemberMoved", 3, 2, 0],
    ]);
    expect(deactivate(roster, 8).events).to.deep.equal([["MemberLeft", 8, 2, 1]]);
  });

  it("never gives a member id twice: who comes back has the old one", () => {
    const left = deactivate(rosterOf([7, 8]), 7).roster;
    const { roster, events } = activate(activate(left, 9).roster, 7);
    expect(events).to.deep.equal([["MemberJoined", 7, 1, 2]]);
    expect([7, 8, 9].map((nodeId) => memberIdOf(roster, nodeId))).to.deep.equal([1, 2, 3]);
  });

  it("changes at most sixteen places an opening, removals first, the others at the next one", () => {
    const removals = upTo(10);
    const waiting = upTo(20).map((i) => 100 + i);
    const queued = waiting.reduce((roster, nodeId) => enqueue(roster, nodeId, true), rosterOf(upTo(12)));
    const first = applyChanges(queued, { ...OPEN, removals });
    expect(first.events.slice(0, 1)).to.deep.equal([["MemberLeft", 1, 1, 0]]);
    expect(first.roster.removalCursor).to.equal(10);
    expect(first.roster.queue).to.deep.equal(waiting.slice(MAX_CHANGES - 10));
    const second = applyChanges(first.roster, { ...OPEN, removals });
    expect(second.roster.queue).to.deep.equal([]);
    expect(second.roster.active).to.have.length(2 + 20);
  });

  it("drops a join for which there is no place, no stake, or no registration any more", () => {
    const full = enqueue(rosterOf([1, 2], 2), 3, true);
    for (const [roster, federation] of [
      [full, OPEN],
      [enqueue(rosterOf([1]), 3, true), { ...OPEN, hasStake: () => false }],
      [enqueue(rosterOf([1]), 3, true), { ...OPEN, isRegistered: () => false }],
    ] as const) {
      const { events, roster: after } = applyChanges(roster, federation);
      expect(events).to.deep.equal([["JoinDropped", 3]]);
      expect(statusOf(after, 3)).to.equal(MemberStatus.None);
    }
  });

  it("keeps the place in the queue of who withdraws a join, and does nothing at its turn", () => {
    const asked = enqueue(enqueue(rosterOf([1]), 2, true), 3, true);
    const { roster } = drop(asked, 2);
    expect(roster.queue).to.deep.equal([2, 3]);
    expect(applyChanges(roster, OPEN).events).to.deep.equal([["MemberJoined", 3, 2, 1]]);
    expect(enqueue(roster, 2, true).queue).to.deep.equal([2, 3]);
  });

  it("changes nothing of the roster that it was given", () => {
    const before = rosterOf([1, 2, 3]);
    const copy = structuredClone(before);
    applyChanges(enqueue(before, 2, false), { ...OPEN, removals: [1] });
    expect(before).to.deep.equal(copy);
  });
});
