import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Contract, JsonRpcProvider, Wallet, parseEther } from "ethers";
import { deployConcordat } from "#deploy/deployConcordat";
import { startEmbeddedChain } from "#demo/embeddedChain";
import type { EmbeddedChain } from "#demo/embeddedChain";
import { writeKeystore } from "#node/setup/keystore";
import type { AddressBook } from "#protocol/contracts/addressBook";
import { start, temporaryFolder } from "./concordat.ts";

const PASSWORD = "correct horse";
const SCRYPT = { N: 1024, r: 8, p: 1 };

describe("publisher, operators and auditor at the command line", function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  let chain: EmbeddedChain;
  let provider: JsonRpcProvider;

  before(async () => {
    chain = await startEmbeddedChain();
    provider = new JsonRpcProvider(chain.rpcUrl, 31337, { staticNetwork: true, cacheTimeout: -1 });
  });
  after(async () => {
    provider.destroy();
    await chain.close();
  });

  /** Runs a command with --json, which must succeed. */
  async function json<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await start([...args, "--json"], { CONCORDAT_PASSWORD: PASSWORD }).done;
    expect([code, stderr], args.join(" ")).to.deep.equal([0, ""]);
    return JSON.parse(stdout) as T;
  }

  async function fund(book: AddressBook, ...accounts: string[]): Promise<void> {
    const rich = await provider.getSigner(0);
    const token = new Contract(book.tokens?.DevelopmentToken ?? "", ["function mint(address,uint256)"], rich);
    for (const to of accounts) {
      await (await rich.sendTransaction({ to, value: parseEther("10") })).wait();
      const minted = (await token.getFunction("mint")(to, parseEther("1000"))) as {
        wait(): Promise<unknown>;
      };
      await minted.wait();
    }
  }

  it("take a task from admission over stake, publication and joining to its start and audit", async () => {
    const founder = new Wallet(Wallet.createRandom().privateKey);
    const keystore = join(folder.path, "founder.json");
    await writeKeystore(keystore, founder.privateKey, PASSWORD, SCRYPT);
    const book = await deployConcordat({
      hre: chain.hre,
      chain: chain.rpcUrl,
      founders: [{ operator: founder.address, signer: founder.address }],
      votingPeriod: 86_400,
      unbondingPeriod: 60 * 86_400,
      developmentToken: true,
    });
    const addresses = join(folder.path, "addresses.json");
    writeFileSync(addresses, JSON.stringify(book));
    const token = book.tokens?.DevelopmentToken ?? "";
    const where = ["--rpc", chain.rpcUrl, "--address-book", addresses];
    const asFounder = [...where, "--keystore", keystore];

    const dir = join(folder.path, "hospital");
    const made = await json<{ operator: string; signer: string }>("node", "init", dir, ...where);
    await fund(book, founder.address, made.operator, made.signer);
    const own = ["--config", join(dir, "node.yaml")];

    const { proposal } = await json<{ proposal: number }>("node", "apply", ...own);
    const open = await json<{ proposal: number; operator: string }[]>("task", "proposals", ...where);
    expect(open.map((vote) => [vote.proposal, vote.operator])).to.deep.equal([[proposal, made.operator]]);
    const vote = await json<{ state: string }>("task", "vote", String(proposal), "--approve", ...asFounder);
    expect(vote.state).to.equal("Passed");

    const announced = "/ip4/127.0.0.1/tcp/4001/http";
    const { code } = await start(["node", "announce", "--endpoints", announced, ...own], {
      CONCORDAT_PASSWORD: PASSWORD,
    }).done;
    expect(code).to.equal(0);
    const nodes = await json<{ node: number; endpoints: string; isMember: boolean }[]>(
      "node",
      "list",
      ...where,
    );
    expect(nodes.map(({ node, isMember }) => [node, isMember])).to.deep.equal([
      [1, true],
      [2, true],
    ]);
    expect(nodes[1]?.endpoints).to.equal(announced);

    const stake = await json<{ stake: string }>("stake", "deposit", "5", "--token", token, ...own);
    expect(stake.stake).to.equal(String(parseEther("5")));

    const out = join(folder.path, "task");
    const money = ["--stake-token", token, "--min-stake", "5", "--reward-token", token, "--reward", "0.01"];
    const terms = ["--rounds", "2", "--min-nodes", "1", "--max-nodes", "3", "--time-limit", "1h", ...money];
    const publish = ["task", "publish", "--out", out, ...terms, ...asFounder];
    const published = await json<{ taskId: number; escrow: string }>(...publish);
    // Two rounds, three nodes, reputation 5 and then 6, a hundredth of a token for each point.
    expect(published).to.include({ taskId: 1, escrow: String(parseEther("0.33")) });
    expect([
      existsSync(join(out, "manifest.json")),
      existsSync(join(out, "initial-model.safetensors")),
    ]).to.deep.equal([true, true]);
    const files = [join(out, "manifest.json"), join(out, "initial-model.safetensors")];
    const added = await json<{ digest: string }[]>("artifact", "add", ...files, ...own);

    // The publisher named itself arbiter over the stake: nobody is joined to that without having confirmed it.
    const unread = await start(["task", "join", "1", ...own], { CONCORDAT_PASSWORD: PASSWORD }).done;
    expect([unread.code, unread.stdout]).to.deep.equal([2, ""]);
    expect(unread.stderr).to.match(
      new RegExp(
        `^concordat: [^\\n]*arbiter, which is the publisher's own[^\\n]*--trust ${founder.address}\\n$`,
      ),
    );
    const joining = ["task", "join", "1", "--trust", founder.address, ...own];
    const joined = await json<{ memberId: number; status: string }>(...joining);
    expect(joined).to.include({ memberId: 1, status: "Active" });
    // Given again, as after a lost answer, it finds the node in the task.
    expect(await json(...joining)).to.deep.equal(joined);
    await json("task", "start", "1", ...asFounder);
    const task = await json<{
      status: { state: string };
      terms: { manifestDigest: string; initialModelDigest: string };
      round: { round: number; phase: string };
      members: { node: number }[];
    }>("task", "show", "1", ...where);
    expect(task.status.state).to.equal("Running");
    expect(task.round).to.include({ round: 1, phase: "Training" });
    expect(task.members.map(({ node }) => node)).to.deep.equal([2]);
    // Nobody serves the manifest where the node announced itself.
    expect(task).to.not.have.property("privacy");
    const shown = await start(["task", "show", "1", ...where]).done;
    expect(shown.stdout).to.match(/privacy +unknown: Artifact 0x\w+ /);
    expect(shown.stdout).to.match(/^Task 1: running\n/);
    expect(shown.stdout).to.match(/ escrow +0\.33 DEV\n/);
    expect(shown.stdout).to.match(/ reward per point of reputation +0\.01 DEV\n/);
    expect(shown.stdout).to.match(/ stake to join +5 DEV\n/);
    expect(shown.stdout).to.match(
      / no round starts after +in \d+ minutes[^\n]* \(\d{4}-\d\d-\d\d \d\d:\d\d UTC\)\n/,
    );
    expect(shown.stdout).to.match(/Waiting for the updates of node 2 \(0 of 1 are there, the quorum is 1\)/);
    expect(shown.stdout).to.match(/concordat task expel 2\n/);
    // Publishing again from the same folder is no second task.
    const again = await start(publish, { CONCORDAT_PASSWORD: PASSWORD }).done;
    expect([again.code, again.stdout]).to.deep.equal([2, ""]);
    expect(again.stderr).to.contain("holds task 1, which is already published");
    expect(added.map(({ digest }) => digest)).to.deep.equal([
      task.terms.manifestDigest,
      task.terms.initialModelDigest,
    ]);

    const audit = await json<{ agrees: boolean; events: number }>("audit", ...where);
    expect(audit.agrees).to.equal(true);
    expect(audit.events).to.be.greaterThan(5);
  });
});
