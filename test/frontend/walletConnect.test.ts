import { expect } from "chai";
import { UserRejectedRequestError } from "viem";
import { accountsOn, allowsMethod, approvedChains } from "#frontend/walletConnect/approved.ts";
import { explainPairing, explainRequest } from "#frontend/walletConnect/refusals.ts";
import { unlessAborted } from "#frontend/walletConnect/unlessAborted.ts";
import { ConcordatError } from "#protocol/errors";

const A = "0x1111111111111111111111111111111111111111";
const B = "0x2222222222222222222222222222222222222222";
const session = (accounts: readonly string[], key = "eip155", methods: readonly string[] = []) => ({
  namespaces: { [key]: { accounts, methods } },
});

describe("what a wallet has approved", () => {
  it("gives the accounts of the chain, and those of others only where it has none there", () => {
    const both = session([`eip155:1:${A}`, `eip155:5:${B}`]);
    expect(accountsOn(both, 5)).to.deep.equal([B]);
    expect(accountsOn(both, 7)).to.deep.equal([A, B]);
    expect(approvedChains(both)).to.deep.equal([1, 5]);
  });

  it("is read where a namespace names its chain, and not where it is another kind of chain’s", () => {
    expect(accountsOn(session([`eip155:5:${B}`], "eip155:5"), 5)).to.deep.equal([B]);
    expect(approvedChains(session(["solana:1:x"], "solana"))).to.deep.equal([]);
    expect(allowsMethod(session([], "solana", ["personal_sign"]), "personal_sign")).to.equal(false);
    expect(allowsMethod(session([], "eip155", ["personal_sign"]), "personal_sign")).to.equal(true);
  });

  it("holds no account that is none, whatever a wallet sends", () => {
    for (const account of ["", "eip155", "eip155:1", "eip155:1:0x12", `eip155:x:${A}`, `eip155:1.5:${A}`]) {
      expect(accountsOn(session([account]), 1), account).to.deep.equal([]);
    }
  });
});

describe("what a wallet’s refusal means", () => {
  it("of a pairing: its owner’s no, a network that it lacks, silence, or anything else", () => {
    expect(explainPairing({ code: 5000, message: "User rejected." })).to.be.instanceOf(
      UserRejectedRequestError,
    );
    expect(explainPairing({ code: 5002, message: "" })).to.be.instanceOf(UserRejectedRequestError);
    const message = (refusal: unknown): string => explainPairing(refusal).message;
    expect(message({ code: 5100, message: "Unsupported chains." })).to.match(/does not support this network/);
    expect(message({ code: 0, message: "Proposal expired" })).to.match(/within five minutes/);
    for (const odd of [undefined, null, "no", {}, { code: "x", message: 5 }]) {
      expect(message(odd)).to.equal("The connection to your wallet failed");
    }
  });

  it("of a request: its owner’s no, the session’s end, silence, an error of the wallet’s, or a lost relay", () => {
    expect(explainRequest({ code: 5000, message: "User rejected." })).to.include({ code: 4001 });
    expect(explainRequest({ code: 6000, message: "User disconnected." }).message).to.match(/has ended/);
    expect(explainRequest(new Error("Request expired. Please try again.")).message).to.match(/five minutes/);
    expect(explainRequest({ code: -32_000, message: "nonce" })).to.include({
      code: -32_000,
      message: "nonce",
    });
    expect(explainRequest(new Error("Failed to publish payload")).message).to.match(/^The relay/);
    const own = new ConcordatError("said already");
    expect(explainRequest(own)).to.equal(own);
  });
});

describe("waiting unless aborted", () => {
  it("gives what the work gives, or the reason at once", async () => {
    const controller = new AbortController();
    expect(await unlessAborted(controller.signal, Promise.resolve(3))).to.equal(3);
    const waiting = unlessAborted(controller.signal, new Promise<never>(() => undefined));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason);
    expect(await unlessAborted(controller.signal, Promise.resolve(3)).catch((e: unknown) => e)).to.equal(
      reason,
    );
  });
});
