import { expect } from "chai";
import { followProposal } from "#frontend/transactions/followProposal.ts";
import type { ProposalState } from "#frontend/transactions/followProposal.ts";

const PROPOSAL = `0x${"5a".repeat(32)}` as const;
const HASH = `0x${"7e".repeat(32)}` as const;

describe("what was proposed to a Safe", () => {
  /** A Safe that gives these answers, one at each question; an error stands for none. */
  function answering(answers: readonly (ProposalState | Error)[]) {
    const asked: string[] = [];
    const ask = async (proposal: string): Promise<ProposalState> => {
      const answer = answers[asked.push(proposal) - 1];
      if (answer === undefined) throw new Error("Asked too often");
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { ask, asked };
  }
  const { signal } = new AbortController();

  it("is followed through waiting and silence to what executed it", async () => {
    const { ask, asked } = answering([
      { kind: "waiting" },
      new Error("no answer"),
      { kind: "waiting" },
      { kind: "executed", hash: HASH },
    ]);
    const ending = await followProposal({ ask, proposal: PROPOSAL, signal, pollMs: 1 });
    expect(ending).to.deep.equal({ kind: "executed", hash: HASH });
    expect(asked).to.deep.equal(Array(4).fill(PROPOSAL));
  });

  it("ends once the Safe has done something else in its place", async () => {
    const { ask } = answering([{ kind: "waiting" }, { kind: "rejected" }]);
    const ending = await followProposal({ ask, proposal: PROPOSAL, signal, pollMs: 1 });
    expect(ending).to.deep.equal({ kind: "rejected" });
  });

  it("is left alone as soon as nobody follows it any more", async () => {
    const following = new AbortController();
    const ask = async (): Promise<ProposalState> => {
      following.abort();
      return { kind: "executed", hash: HASH };
    };
    expect(await followProposal({ ask, proposal: PROPOSAL, signal: following.signal })).to.equal(undefined);
    const waiting = new AbortController();
    const pausing = followProposal({
      ask: async () => ({ kind: "waiting" }),
      proposal: PROPOSAL,
      signal: waiting.signal,
      pollMs: 3_600_000,
    });
    waiting.abort();
    expect(await pausing).to.equal(undefined);
  });
});
