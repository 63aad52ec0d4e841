import { expect } from "chai";
import type { ChainGateway } from "#chain/contracts/chainGateway";
import { Peers } from "#node/serving/peers";
import type { MemberId, NodeId, TaskId } from "#protocol/ids";

/** A registry of so many nodes, some of which are members of the one task. */
function peersOf(count: number, members: readonly number[]): Peers {
  const chain = {
    heads: { reorganisations: 0 },
    nodeCount: async () => count,
    activeMembers: async () => members.map((_, i) => (i + 1) as MemberId),
    nodeOfMember: async (_task: TaskId, member: MemberId) => members[member - 1] as NodeId,
  };
  return new Peers(chain as unknown as ChainGateway, 1 as NodeId, []);
}

describe("whom a node asks for what a task starts from", () => {
  const task = 1 as TaskId;

  it("is the members first, then every other node: the publisher's file may lie at one that does not take part", async () => {
    expect(await peersOf(5, [4, 2]).startersOf(task)).to.deep.equal([4, 2, 1, 3, 5]);
    expect(await peersOf(3, []).startersOf(task)).to.deep.equal([1, 2, 3]);
    expect(await peersOf(5, [4, 2]).membersOf(task)).to.deep.equal([4, 2]);
  });

  it("reaches all of a large registry by and by, never all at once", async () => {
    const peers = peersOf(150, [150]);
    const asked = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const nodes = await peers.startersOf(task);
      expect(nodes.length).to.be.at.most(65);
      expect(nodes[0]).to.equal(150);
      for (const id of nodes) asked.add(id);
    }
    expect(asked.size).to.equal(150);
  });
});
