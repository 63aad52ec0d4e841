import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readNodeConfig } from "../../oracle-nodes/src/cli/nodeConfigFile.ts";
import { openKeystore } from "../../oracle-nodes/src/node/keystore.ts";
import { start, temporaryFolder } from "./concordat.ts";
import type { Outcome } from "./concordat.ts";

const PASSWORD = "correct horse";
const BOOK = {
  format: "concordat/addresses/1",
  chainId: 31337,
  network: "test",
  deploymentBlock: 1,
  contracts: Object.fromEntries(
    ["NodeRegistry", "TaskRegistry", "StakeVault", "RewardLedger", "RoundCoordinator"].map((name, i) => [
      name,
      `0x${String(i + 1).padStart(40, "0")}`,
    ]),
  ),
};

describe("concordat node init", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  async function init(name: string, ...more: string[]): Promise<Outcome> {
    const addresses = join(folder.path, "addresses.json");
    writeFileSync(addresses, JSON.stringify(BOOK));
    const chain = ["--rpc", "http://127.0.0.1:8545", "--address-book", addresses];
    const args = ["node", "init", join(folder.path, name), ...chain, "--json", ...more];
    return start(args, { CONCORDAT_PASSWORD: PASSWORD }).done;
  }

  it("makes encrypted keystores and a configuration that explains itself and is valid", async () => {
    const { code, stdout, stderr } = await init("node", "--nodes", "10", "--index", "2", "--seed", "7");
    expect([code, stderr]).to.deep.equal([0, ""]);
    const made = JSON.parse(stdout) as Record<string, string>;
    const dir = join(folder.path, "node");
    expect(readdirSync(dir).toSorted()).to.deep.equal(["node.yaml", "operator.json", "signer.json"]);

    const config = await readNodeConfig(join(dir, "node.yaml"));
    expect(config).to.deep.include({
      rpcUrl: "http://127.0.0.1:8545",
      addressBook: join(folder.path, "addresses.json"),
      keystore: join(dir, "signer.json"),
      dataDir: join(dir, "data"),
    });
    expect(config.dataset.partition).to.deep.equal({ seed: 7, nodes: 10, index: 2 });
    const comments = readFileSync(join(dir, "node.yaml"), "utf8").match(/^\s*#/gm) ?? [];
    expect(comments.length).to.be.greaterThan(15);

    for (const key of ["signer", "operator"] as const) {
      const file = join(dir, `${key}.json`);
      expect((await openKeystore(file, PASSWORD)).address).to.equal(made[key]);
      expect(statSync(file).mode & 0o077, "readable by its owner only").to.equal(0);
    }
    expect(made["signer"]).to.not.equal(made["operator"]);
  });

  it("never overwrites a node", async () => {
    expect((await init("node")).code).to.equal(0);
    const before = readFileSync(join(folder.path, "node", "signer.json"), "utf8");
    const again = await init("node");
    expect(again.code).to.equal(2);
    expect(again.stderr).to.match(/^concordat: .* holds a node already\. [^\n]+\n$/);
    expect(readFileSync(join(folder.path, "node", "signer.json"), "utf8")).to.equal(before);
  });

  it("makes nothing when a setting is wrong", async () => {
    const wrong = await init("node", "--nodes", "3", "--index", "3");
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      "concordat: The configuration's dataset.partition.index is wrong: 3 of 3 nodes. Give 0 to 2\n",
    ]);
    expect(readdirSync(folder.path)).to.deep.equal(["addresses.json"]);
  });
});
