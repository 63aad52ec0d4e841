import { expect } from "chai";
import { readOffer } from "#frontend/uploads/askNode.ts";
import { grantFor, type Taker } from "#frontend/uploads/handOver.ts";
import { REFUSAL_WORDS } from "#frontend/uploads/refusalWords.ts";
import { TrialRefusedError } from "#frontend/pages/publish/trialFault.ts";
import { ArtifactError } from "#protocol/errors";
import type { Address, Digest } from "#protocol/ids";
import { MAX_GRANT_SECONDS, UPLOAD_REFUSALS } from "#protocol/messages/uploads";

const REGISTRY = `0x${"11".repeat(20)}` as Address;
const OFFER = {
  format: "concordat/uploads/1",
  node: 3,
  chainId: 1,
  nodeRegistry: REGISTRY,
  maxBytes: 10,
  freeBytes: 20,
  keepSeconds: 30,
  now: 1000,
} as const;

describe("what the page makes of a node's answer about uploads", () => {
  it("is an offer only where everything in it has sense", () => {
    expect(readOffer(OFFER)).to.deep.equal(OFFER);
    expect(readOffer({ ...OFFER, refused: "quota" })).to.include({ refused: "quota" });
    // A newer node's reason is a reason, and none of its words reach the page.
    expect(readOffer({ ...OFFER, refused: "<b>pay me</b>" })).to.include({ refused: "failed" });
    for (const wrong of [
      null,
      "concordat/uploads/1",
      [],
      { ...OFFER, format: "concordat/uploads/2" },
      { ...OFFER, node: "3" },
      { ...OFFER, freeBytes: -1 },
      { ...OFFER, maxBytes: 1e300 },
      { ...OFFER, keepSeconds: 0.5 },
      { ...OFFER, now: undefined },
      { ...OFFER, nodeRegistry: 5 },
    ])
      expect(readOffer(wrong), JSON.stringify(wrong)).to.equal(undefined);
  });

  it("has words for every reason", () => {
    for (const reason of UPLOAD_REFUSALS) expect(REFUSAL_WORDS[reason], reason).to.have.length(2);
  });

  it("is a grant that is over by the earliest of the nodes' clocks, and names nodes in order", () => {
    const taker = (nodeId: number, now: number): Taker => ({
      nodeId,
      kind: "takes",
      origin: "https://node.example",
      offer: { ...OFFER, node: nodeId, now },
    });
    const digest = `0x${"22".repeat(32)}` as Digest;
    const grant = grantFor(
      REGISTRY,
      [taker(11, 5000), taker(3, 4000)],
      [{ digest, bytes: new Uint8Array(7) }],
    );
    expect(grant.nodes).to.deep.equal([3, 11]);
    expect(grant.files).to.deep.equal([{ digest, size: 7 }]);
    expect(grant.expires)
      .to.be.greaterThan(5000)
      .and.to.be.at.most(4000 + MAX_GRANT_SECONDS);
  });
});

describe("a trial step that failed in the page", () => {
  it("is told at the field where it is corrected", () => {
    const steep = new ArtifactError("The first step makes w infinite or not a number", {
      hint: "Lower the learning rate",
    });
    expect(Object.keys(new TrialRefusedError(steep).faults)).to.deep.equal(["learningRate"]);
    const broken = new ArtifactError("The layer l0 cannot be run: sizes", { hint: "Change the model" });
    expect(new TrialRefusedError(broken).faults).to.deep.equal({
      model: "A trial step failed: The layer l0 cannot be run: sizes. Change the model",
    });
  });
});
