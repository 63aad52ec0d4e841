import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet, id } from "ethers";
import { SignedResults } from "#node/rounds/signedResults";
import type { Digest } from "#protocol/ids";
import {
  hashAggregateAttestation,
  hashLocalUpdate,
  recoverSigner,
  resultDomain,
} from "#protocol/messages/signedResults";

const base = id("base") as Digest;
const wallet = new Wallet(id("signer"));
const domain = resultDomain(1, new Wallet(id("coordinator")).address);
const slot = { round: 1, retry: 0, base };

describe("Signed results", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "concordat-signed-"))));
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  const open = async () => SignedResults.open(folder, wallet, domain);
  const update = (name: string) => ({ taskId: 1, ...slot, node: 3, digest: id(name), samples: 10 });

  it("are signed by the node's key over what the contract checks", async () => {
    const { value, signature } = await (await open()).signOnce("LocalUpdate", slot, update("a"));
    expect(recoverSigner(hashLocalUpdate(domain, value), signature)).to.equal(wallet.address);
  });

  it("never differ for one slot, over restarts too", async () => {
    const first = await (await open()).signOnce("LocalUpdate", slot, update("a"));
    const second = await (await open()).signOnce("LocalUpdate", slot, update("b"));
    expect(second).to.deep.equal(first);
    expect(await readdir(folder)).to.have.length(1);
  });

  it("never differ for one slot when several ask at once", async () => {
    const results = await open();
    const names = ["a", "b", "c", "d"];
    const signed = await Promise.all(
      names.map((name) => results.signOnce("LocalUpdate", slot, update(name))),
    );
    expect(new Set(signed.map(({ signature }) => signature))).to.have.length(1);
  });

  it("are made anew for another retry, round or base", async () => {
    const results = await open();
    for (const other of [
      slot,
      { ...slot, retry: 1 },
      { ...slot, round: 2 },
      { ...slot, base: id("other") as Digest },
    ]) {
      await results.signOnce("LocalUpdate", other, { ...update("a"), ...other });
    }
    expect(await readdir(folder)).to.have.length(4);
    expect((await results.latestUpdate(1))?.value.retry).to.equal(1);
  });

  it("keep the bitmaps of an attestation exactly", async () => {
    const attempt = { ...slot, attempt: 2 };
    const value = {
      taskId: 1,
      ...attempt,
      digest: id("w"),
      accepted: [2n ** 255n + 1n, 5n],
      rejected: [0n, 8n],
    };
    const { signature } = await (await open()).signOnce("AggregateAttestation", attempt, value);
    const found = await (await open()).find("AggregateAttestation", attempt);
    expect(found).to.deep.equal({ value, signature });
    expect(recoverSigner(hashAggregateAttestation(domain, value), signature)).to.equal(wallet.address);
  });

  it("are not signed again when their file is damaged", async () => {
    const results = await open();
    await results.signOnce("LocalUpdate", slot, update("a"));
    const [name = ""] = await readdir(folder);
    await writeFile(join(folder, name), "{");
    const error = await results.signOnce("LocalUpdate", slot, update("b")).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(String(error)).to.contain("is damaged");
  });
});
