import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { pathInside } from "#cli/actions/nodeInit";
import { readNodeConfig } from "#node/setup/nodeConfigFile";
import { openKeystore } from "#node/setup/keystore";
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
    expect(again.stderr).to.match(/^concordat: .* already holds a node\. [^\n]+\n$/);
    expect(readFileSync(join(folder.path, "node", "signer.json"), "utf8")).to.equal(before);
  });

  it("makes nothing when a setting is wrong", async () => {
    const wrong = await init("node", "--nodes", "3", "--index", "3");
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      "concordat: The configuration's dataset.partition.index is wrong: 3 of 3 nodes. Give a number from 0 to 2\n",
    ]);
    expect(readdirSync(folder.path)).to.deep.equal(["addresses.json"]);
  });

  it("names the address book by a path that moves with the folders, where it lies beside the node's", async () => {
    const addresses = join(folder.path, "addresses.json");
    expect((await init("node")).code).to.equal(0);
    const yaml = join(folder.path, "node", "node.yaml");
    expect(readFileSync(yaml, "utf8")).to.contain('addressBook: "../addresses.json"');
    expect((await readNodeConfig(yaml)).addressBook).to.equal(addresses);
    expect(pathInside("/a/node", "/a/node/book/addresses.json")).to.equal("book/addresses.json");
    expect(pathInside("/a/node", "/elsewhere/addresses.json")).to.equal("/elsewhere/addresses.json");
    expect(pathInside("/a/node", "/a/other/addresses.json")).to.equal("/a/other/addresses.json");
  });

  for (const [what, options, says] of [
    ["a gateway on every address", ["--gateway", "0.0.0.0:8080"], /gateway \(--gateway\).*--announce/],
    ["a libp2p host on every address", ["--listen", "[::]:4001"], /libp2p host \(--listen\).*--announce/],
    [
      "an announced URL",
      ["--gateway", "0.0.0.0:8080", "--announce", "https://a.example:8080"],
      /Write it as \/dns4\/a\.example\/tcp\/8080\/https/,
    ],
    [
      "an announced peer without a gateway",
      ["--announce", "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"],
      /no HTTP gateway/,
    ],
    [
      "a provider that nobody can reach",
      ["--provider", "/ip4/0.0.0.0/tcp/1/http"],
      /names no particular machine/,
    ],
  ] as const) {
    it(`refuses ${what} before it makes anything, and says the way out`, async () => {
      const refused = await init("node", ...options);
      expect([refused.code, refused.stdout]).to.deep.equal([2, ""]);
      expect(refused.stderr)
        .to.match(says)
        .and.to.match(/^concordat: [^\n]+\n$/);
      expect(readdirSync(folder.path)).to.deep.equal(["addresses.json"]);
    });
  }

  it("takes every address where it is said which one others use", async () => {
    const listens = ["--gateway", "0.0.0.0:8080", "--listen", "0.0.0.0:4001"];
    const { code } = await init("node", ...listens, "--announce", "/dns4/a.example/tcp/8080/http");
    expect(code).to.equal(0);
    const { artifacts } = await readNodeConfig(join(folder.path, "node", "node.yaml"));
    expect(artifacts.announce).to.deep.equal(["/dns4/a.example/tcp/8080/http"]);
  });
});

describe("concordat node announce and apply", function () {
  this.timeout(60_000);

  for (const [command, ...more] of [
    ["announce"],
    ["apply", "--signer", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
  ]) {
    it(`${command} refuses endpoints that lead nobody to the node before it looks for chain or key`, async () => {
      const args = ["node", command ?? "", ...more, "--endpoints"];
      const url = await start([...args, "https://a.example:8080"]).done;
      expect([url.code, url.stdout]).to.deep.equal([2, ""]);
      expect(url.stderr).to.match(/Write it as \/dns4\/a\.example\/tcp\/8080\/https\n$/);
      const nobody = await start([...args, "/ip4/0.0.0.0/tcp/8080/http"]).done;
      expect(nobody.code).to.equal(2);
      expect(nobody.stderr).to.match(/names no particular machine/);
    });
  }
});
