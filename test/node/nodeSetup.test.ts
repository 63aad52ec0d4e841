import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet, id } from "ethers";
import { OFFICIAL_TERMS } from "#learning/data/officialTerms";
import { openDataFolder } from "#node/setup/dataFolder";
import { openKeystore, writeKeystore } from "#node/setup/keystore";
import { loadOwnDataset } from "#node/tasks/loadOwnDataset";
import { parseNodeConfig } from "#node/setup/nodeConfig";
import { InputError } from "#protocol/errors";

const config = {
  rpcUrl: "http://127.0.0.1:8545",
  addressBook: "addresses.json",
  dataDir: "data",
  keystore: "key.json",
  dataset: { partition: { seed: 1, nodes: 5, index: 0 } },
};
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const WEAK = { N: 2, r: 1, p: 1 };

async function refusal(work: Promise<unknown> | (() => unknown)): Promise<InputError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("A node's configuration", () => {
  it("gets defaults for all that an operator need not decide", () => {
    const parsed = parseNodeConfig(config);
    expect(parsed).to.include({
      confirmations: 2,
      pollMs: 250,
      engine: "auto",
      tasks: "joined",
      advance: true,
    });
    expect(parsed.uploads).to.equal(undefined);
    expect(parseNodeConfig({ ...config, uploads: { accounts: [ACCOUNT] } }).uploads).to.deep.equal({
      accounts: [ACCOUNT],
      origins: [],
      maxBytes: 64 * 1024 ** 2,
      quotaBytes: 256 * 1024 ** 2,
      keepDays: 14,
    });
    expect(parsed.artifacts).to.deep.include({ kind: "helia", gateway: { host: "127.0.0.1", port: 0 } });
  });

  const wrong: [why: string, value: unknown, key: string][] = [
    ["an unknown key", { ...config, pollMillis: 5 }, "pollMillis"],
    ["an unknown key deep inside", { ...config, dataset: { ...config.dataset, seed: 1 } }, "dataset.seed"],
    ["uploads of nobody", { ...config, uploads: { accounts: [] } }, "uploads.accounts"],
    ["uploads of what is no account", { ...config, uploads: { accounts: ["0x12"] } }, "uploads.accounts.0"],
    [
      "uploads of an account that was mistyped",
      { ...config, uploads: { accounts: [ACCOUNT.replace("F", "f")] } },
      "uploads.accounts.0",
    ],
    [
      "an origin with a path",
      { ...config, uploads: { accounts: [ACCOUNT], origins: ["https://dapp.example/"] } },
      "uploads.origins.0",
    ],
    ["every origin", { ...config, uploads: { accounts: [ACCOUNT], origins: ["*"] } }, "uploads.origins.0"],
    [
      "a quota in which no file fits",
      { ...config, uploads: { accounts: [ACCOUNT], quotaBytes: 1000 } },
      "uploads.quotaBytes",
    ],
    ["a missing key", { ...config, keystore: undefined }, "keystore"],
    ["a value of the wrong kind", { ...config, confirmations: "two" }, "confirmations"],
    ["an endpoint that is no URL", { ...config, rpcUrl: "localhost" }, "rpcUrl"],
    [
      "a partition of a kind that is unknown",
      { ...config, dataset: { partition: { kind: "fair", seed: 1, nodes: 5, index: 0 } } },
      "dataset.partition.kind",
    ],
    [
      "a partition without what its kind needs",
      { ...config, dataset: { partition: { kind: "dirichlet", seed: 1, nodes: 5, index: 0 } } },
      "dataset.partition.alpha",
    ],
    [
      "a share outside of the partition",
      { ...config, dataset: { partition: { seed: 1, nodes: 5, index: 5 } } },
      "dataset.partition.index",
    ],
    ["an engine that there is not", { ...config, engine: "torch" }, "engine"],
    ["a trainer without its program", { ...config, engine: { process: { args: [] } } }, "engine"],
    ["nothing at all", undefined, "rpcUrl"],
  ];
  for (const [why, value, key] of wrong) {
    it(`is refused for ${why}, naming the key`, async () => {
      const { message, hint } = await refusal(() => parseNodeConfig(value));
      expect(message).to.contain(key);
      expect(hint).to.be.a("string");
    });
  }
});

describe("A node's dataset", () => {
  it("is refused where its files are not there, naming the key of node.yaml", async () => {
    for (const dir of [undefined, join(tmpdir(), "concordat-no-such-folder")]) {
      const { hint } = await refusal(loadOwnDataset(OFFICIAL_TERMS.mnist, dir));
      expect(hint).to.contain("dataset.dir").and.not.to.contain("--data");
    }
  });
});

describe("A node's keystore and folder", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "concordat-node-"))));
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  it("gives the key back for its password only, and is never overwritten", async () => {
    const path = join(folder, "key.json");
    const { privateKey, address } = new Wallet(id("key"));
    await writeKeystore(path, privateKey, "right", WEAK);
    expect((await openKeystore(path, "right")).address).to.equal(address);
    expect((await refusal(openKeystore(path, "wrong"))).message).to.contain("password");
    expect((await refusal(writeKeystore(path, id("other"), "right", WEAK))).message).to.contain(path);
    expect((await refusal(openKeystore(join(folder, "none.json"), "right"))).message).to.contain(
      "cannot be read",
    );
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o077).to.equal(0);
  });

  it("serves one process at a time, and the next one after it", async () => {
    const dir = join(folder, "data");
    const first = await openDataFolder(dir, () => undefined, 0);
    expect((await refusal(openDataFolder(dir, () => undefined, 0))).message).to.contain("Another node runs");
    await first.release();
    await (await openDataFolder(dir, () => undefined, 0)).release();
  });
});
