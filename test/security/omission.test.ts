import { expect } from "chai";
import { ALL, Committee } from "./committee.ts";

describe("Leaving out updates", () => {
  let committee: Committee;
  beforeEach(async () => (committee = await Committee.open()));
  afterEach(async () => committee.close());

  const fetchAll = async (nodes = ALL) => {
    for (const node of nodes) await committee.member(node).fetch();
  };

  it("is not signed by members that fetched them in time, even where the leader never asked", async () => {
    await fetchAll();
    committee.now = committee.view.objectEnd;
    const request = await committee.attestRequest(1, [1]);
    for (const node of [2, 3, 4]) {
      const answer = await committee.member(node).session.answer(request);
      expect(answer).to.include({ kind: "refused" });
    }
  });

  it("is not signed after a leader claimed, when it asked, to hold them itself", async () => {
    await fetchAll();
    const { session } = committee.member(2);
    const { round, retry, attempt, base } = committee.view;
    committee.now = committee.view.objectEnd - 1;
    await session.answer({ kind: "review", taskId: 1, round, retry, attempt, base, available: ALL });
    committee.now = committee.view.objectEnd;
    const answer = await session.answer(await committee.attestRequest(1, [1, 2]));
    expect(answer).to.include({ kind: "refused" });
  });

  it("is signed for one that nobody could fetch", async () => {
    await committee.withhold(4);
    await fetchAll([1, 2, 3]);
    committee.now = committee.view.objectEnd;
    const answer = await committee.member(2).session.answer(await committee.attestRequest(1, [1, 2, 3]));
    expect(answer).to.include({ kind: "signed" });
  });

  it("is signed for one that came too late for everybody to have it", async () => {
    await fetchAll([1]);
    committee.now = committee.view.fetchEnd;
    await fetchAll([2]);
    committee.now = committee.view.objectEnd;
    const answer = await committee.member(2).session.answer(await committee.attestRequest(1, [1, 2, 3]));
    expect(answer).to.include({ kind: "signed" });
  });

  it("is not taken over from a member that claims to have attested it", async () => {
    await fetchAll();
    committee.impersonate(4, async () => ({
      kind: "reviewed",
      objections: [],
      signed: { accepted: [4], rejected: [] },
    }));
    committee.now = committee.view.objectEnd;
    expect(await committee.member(2).propose()).to.deep.equal(ALL);
  });

  it("is avoided by a leader that asks the others for what it could not fetch, however late", async () => {
    await fetchAll([2, 3]);
    await committee.withhold(4);
    committee.now = committee.view.objectEnd;
    await fetchAll([1]);
    expect(await committee.member(1).propose()).to.deep.equal(ALL);
  });

  it("is looked at once for each proposer: one that attested two sets is refused the second", async () => {
    await fetchAll();
    committee.now = committee.view.objectEnd;
    const { session } = committee.member(2);
    expect(await session.answer(await committee.attestRequest(1, [1]))).to.include({ kind: "refused" });
    const second = await session.answer(await committee.attestRequest(1, ALL));
    expect(second).to.include({ kind: "refused" });
    // Another rank still finds a member that has signed nothing.
    committee.now = committee.view.objectEnd + 100;
    const third = await session.answer(await committee.attestRequest(3, ALL));
    expect(third).to.include({ kind: "signed" });
  });
});
