import { expect } from "chai";
import { Signature, Wallet, concat, id, toBeHex, verifyTypedData } from "ethers";
import {
  AGGREGATE_ATTESTATION_TYPES,
  LOCAL_UPDATE_TYPES,
  hashAggregateAttestation,
  hashLocalUpdate,
  recoverSigner,
  resultDomain,
} from "#protocol/messages/signedResults";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const wallet = new Wallet(id("a node's key"));
const domain = resultDomain(31337, "0x00000000000000000000000000000000000000C0");
const update = { taskId: 1, round: 2, retry: 0, base: id("w_G"), node: 3, digest: id("w_3"), samples: 600 };

describe("signed results", () => {
  it("recover to the account that signed the typed data", async () => {
    const signature = await wallet.signTypedData(domain, LOCAL_UPDATE_TYPES, update);
    expect(recoverSigner(hashLocalUpdate(domain, update), signature)).to.equal(wallet.address);
    expect(verifyTypedData(domain, LOCAL_UPDATE_TYPES, update, signature)).to.equal(wallet.address);
  });

  it("count for one chain, one coordinator and exactly one statement", () => {
    const hashes = [
      hashLocalUpdate(domain, update),
      hashLocalUpdate(resultDomain(1, domain.verifyingContract), update),
      hashLocalUpdate(resultDomain(31337, wallet.address), update),
      ...(["taskId", "round", "retry", "node", "samples"] as const).map((field) =>
        hashLocalUpdate(domain, { ...update, [field]: Number(update[field]) + 1 }),
      ),
      hashLocalUpdate(domain, { ...update, base: id("another") }),
      hashLocalUpdate(domain, { ...update, digest: id("another") }),
    ];
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  it("bind bitmaps of any length to an attestation", async () => {
    const attestation = {
      taskId: 1,
      round: 2,
      retry: 1,
      attempt: 4,
      base: id("w_G"),
      digest: id("w_G'"),
      accepted: [7n, 1n],
      rejected: [8n, 0n],
    };
    const signature = await wallet.signTypedData(domain, AGGREGATE_ATTESTATION_TYPES, attestation);
    const hash = hashAggregateAttestation(domain, attestation);
    expect(recoverSigner(hash, signature)).to.equal(wallet.address);
    const moved = hashAggregateAttestation(domain, {
      ...attestation,
      accepted: [7n],
      rejected: [1n, 8n, 0n],
    });
    expect(recoverSigner(moved, signature)).to.not.equal(wallet.address);
  });

  it("refuse the second form of a signature, compact form, foreign v and noise, as the contracts do", () => {
    const hash = hashLocalUpdate(domain, update);
    const { r, s, v, serialized, compactSerialized } = wallet.signingKey.sign(hash);
    const upperHalf = concat([r, toBeHex(CURVE_ORDER - BigInt(s), 32), toBeHex(v === 27 ? 28 : 27)]);
    const lowV = concat([r, s, toBeHex(v - 27)]);
    expect(recoverSigner(hash, serialized)).to.equal(wallet.address);
    for (const refused of [
      upperHalf,
      lowV,
      compactSerialized,
      "0x",
      `${serialized}00`,
      `0x${"ff".repeat(64)}1b`,
    ]) {
      expect(recoverSigner(hash, refused), refused).to.equal(undefined);
    }
    expect(Signature.from(serialized).serialized).to.equal(serialized);
  });
});
