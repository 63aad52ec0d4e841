import { expect } from "chai";
import { parseEther } from "ethers";
import { escrowWords } from "#frontend/pages/publish/escrowWords.ts";
import { guaranteeWords } from "#frontend/pages/publish/guaranteeWords.ts";
import { tokenAmount } from "#frontend/pages/publish/tokenAmount.ts";
import { traffic } from "#frontend/pages/publish/traffic.ts";
import type { TaskTerms } from "#protocol/terms/taskTerms";

const DEV = { symbol: "DEV", decimals: 18 };
const termsOf = (part: Partial<TaskTerms>): TaskTerms =>
  ({
    rounds: 5,
    maxNodes: 10,
    reputationInitial: 5,
    reputationMax: 100,
    rewardUnit: parseEther("0.1"),
    ...part,
  }) as TaskTerms;

describe("what a publisher is told", () => {
  it("names amounts in whole tokens, to the last digit", () => {
    expect(tokenAmount(parseEther("1234567.000000000000000001"), DEV)).to.equal(
      "1,234,567.000000000000000001 DEV",
    );
    expect(tokenAmount(1_500_000n, { symbol: "USD", decimals: 6 })).to.equal("1.5 USD");
    expect(tokenAmount(0n, DEV)).to.equal("0 DEV");
  });

  it("explains the escrow: what is paid in, what rounds pay, what comes back", () => {
    const [paid, round, back, wallet] = escrowWords(termsOf({}), DEV).map(([, words]) => words);
    // 10 nodes, 0.1 DEV for 5 + 6 + 7 + 8 + 9 points.
    expect(paid).to.match(/^35 DEV: the worst case, 10 nodes .* 5 rounds, at most 3.5 DEV each/);
    expect(round).to.contain("0.5 DEV in the first round, at most 0.9 DEV in the last");
    expect(back).to.contain("All of it if the task is cancelled before it starts");
    expect(wallet).to.contain("exactly 35 DEV");
    const capped = escrowWords(termsOf({ reputationMax: 5 }), DEV)[1]?.[1];
    expect(capped).to.contain("0.5 DEV in the first round.").and.not.contain("in the last");
  });

  it("says in words what an epsilon promises, and when it promises nothing", () => {
    const terms = { kind: "dp-sgd", clip: 1, noiseMultiplier: 1.25, delta: 1e-5 } as const;
    const guarantee = {
      epsilon: 2,
      delta: 1e-5,
      rounds: 5,
      records: 600,
      neighbours: "data sets",
      nominal: undefined,
      notCovered: "scores",
    };
    const words = guaranteeWords({ terms, guarantee }).join(" ");
    expect(words).to.contain("1.25 times the clipping norm").and.contain("odds of at most 7.4 to 1");
    expect(guaranteeWords({ terms, guarantee: { ...guarantee, epsilon: 40 } }).join(" ")).to.contain(
      "promises next to nothing",
    );
    expect(guaranteeWords({ terms: { kind: "none" }, guarantee: undefined })).to.deep.equal([]);
  });

  it("estimates a round's bytes, in which all that is sent is received", () => {
    const tensors = [{ name: "a/kernel", shape: [1000, 100] }];
    const plan = { nodes: 10, gammaBps: 3000 };
    const whole = traffic(tensors, { kind: "none" }, plan);
    const small = traffic(tensors, { kind: "top-k-quantised", keepBps: 100, bits: 8 }, plan);
    expect(whole.update).to.be.within(400_000, 401_000);
    expect(small.update).to.be.below(whole.update / 100);
    // Committee of 4, six others.
    const up = 4 * small.member.up + 6 * small.trainer.up;
    expect(up).to.be.closeTo(4 * small.member.down + 6 * small.trainer.down, 1);
  });
});
