import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createHeliaStore } from "#store/helia/heliaStore";
import type { ArtifactStore } from "#store/artifactStore";
import { initialiseNode } from "#node/setup/initialiseNode";
import { start } from "./concordat.ts";
import type { Running } from "./concordat.ts";
import { startCommandChain } from "./commandChain.ts";
import type { CommandChain } from "./commandChain.ts";

const PASSWORD = "correct horse";
const SCRYPT = { N: 1024, r: 8, p: 1 };

describe("concordat task join", function () {
  this.timeout(400_000);
  let world: CommandChain;
  let own: readonly string[];
  let dir: string;
  let store: ArtifactStore;
  let node: Running | undefined;

  before(async () => {
    world = await startCommandChain();
    dir = join(world.folder, "node");
    const { rpcUrl } = world.chain;
    await initialiseNode({
      dir,
      password: PASSWORD,
      signer: world.founder,
      operator: world.founder,
      scrypt: SCRYPT,
      values: {
        rpcUrl,
        addressBook: join(world.folder, "addresses.json"),
        dataset: { seed: 1, nodes: 1, index: 0, trainPerClass: 20, validationPerClass: 10 },
        confirmations: 1,
        pollMs: 100,
        listen: { host: "127.0.0.1", port: 0 },
        gateway: { host: "127.0.0.1", port: 0 },
        announce: [],
        providers: [],
      },
    });
    own = ["--config", join(dir, "node.yaml")];
    store = await createHeliaStore({ dir: join(world.folder, "publisher") });
  });
  after(async () => {
    node?.child.kill("SIGTERM");
    await node?.done;
    await store.close();
    await world.close();
  });

  async function publish(name: string, ...more: readonly string[]): Promise<string> {
    const out = join(world.folder, name);
    const terms = [
      "--min-nodes",
      "1",
      "--max-nodes",
      "2",
      "--rounds",
      "2",
      "--time-limit",
      "1h",
      "--name",
      name,
    ];
    await world.json("task", "publish", "--out", out, ...terms, ...more, ...world.asFounder);
    for (const file of ["manifest.json", "initial-model.safetensors"]) {
      await store.put(new Uint8Array(readFileSync(join(out, file))));
    }
    return out;
  }

  async function noneJoined(task: number): Promise<void> {
    const { members } = await world.json<{ members: unknown[] }>(
      "task",
      "show",
      String(task),
      ...world.where,
    );
    expect(members).to.deep.equal([]);
  }

  it("refuses before it pays where nobody has the task's manifest, and says the ways out", async () => {
    await publish("digits");
    const { code, stdout, stderr } = await world.run("task", "join", "1", ...own);
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(
      /^concordat: The node's data cannot be checked [^\n]*--provider[^\n]*--skip-data-check\n$/,
    );
    await noneJoined(1);
  });

  it("refuses before it pays where the node's own data does not fit the task", async () => {
    await publish("mnist", "--dataset", "mnist");
    const { code, stdout, stderr } = await world.run(
      "task",
      "join",
      "2",
      "--provider",
      store.endpoints(),
      ...own,
    );
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(
      /^concordat: The dataset mnist needs a folder [^\n]*dataset\.dir in node\.yaml\n$/,
    );
    await noneJoined(2);
  });

  it("refuses an arbiter over stake until it is confirmed by name, and a confirmation of somebody else", async () => {
    const arbiter = `0x${"ab".repeat(20)}`;
    await publish("stakes", "--stake-token", world.token, "--min-stake", "5", "--arbiter", arbiter);
    const asked = ["task", "join", "3", "--provider", store.endpoints(), ...own];
    const unread = await world.run(...asked);
    expect([unread.code, unread.stdout]).to.deep.equal([2, ""]);
    expect(unread.stderr).to.contain(
      `the stake is in token ${world.token}, the address book's development token`,
    );
    expect(unread.stderr).to.match(
      /^concordat: Task 3 gives power to accounts [^\n]* as arbiter, which can slash [^\n]*--trust 0x\w{40}\n$/,
    );
    const mistaken = await world.run(...asked, "--trust", `0x${"cd".repeat(20)}`);
    expect(mistaken.code).to.equal(2);
    expect(mistaken.stderr).to.contain("has no account");
    await noneJoined(3);
    const staked = ["stake", "deposit", "5", "--token", world.token, ...own];
    await world.json(...staked);
    const joined = await world.run(...asked, "--trust", arbiter);
    expect([joined.code, joined.stderr]).to.deep.equal([0, ""]);
    expect(joined.stdout).to.match(/\nNode 1 in task 3: active, as member 1\n$/);
    expect(joined.stdout).to.match(/ stake token +0x\w{40}, the address book's development token\n/);
    expect(joined.stdout).to.match(
      / at stake +all of the node's stake in it, at least 5 DEV, until 1 day after/,
    );
  });

  it("brings the task's files to a node that runs, which then trains, and gives its models out at the end", async () => {
    node = start(["node", "run", ...own], { CONCORDAT_PASSWORD: PASSWORD });
    await node.says("node is running");
    const joined = await world.run("task", "join", "1", "--provider", store.endpoints(), ...own);
    expect([joined.code, joined.stderr]).to.deep.equal([0, ""]);
    expect(joined.stdout).to.match(/ data +fits digits: 80 records to train on, 40 to validate with\n/);
    expect(joined.stdout).to.match(/ files +manifest and initial model are in the node's store\n/);
    expect(readdirSync(join(dir, "data", "inbox"))).to.deep.equal([]);
    await node.says(/"?a file from the inbox is served now/);

    const show = ["task", "show", "1", ...own];
    type Shown = { status: { state: string; endReason: string } };
    let shown = await world.json<Shown>(...show);
    while (shown.status.state !== "Completed") {
      expect(["Open", "Running"]).to.include(shown.status.state);
      shown = await world.json<Shown>(...show);
    }
    const { stdout } = await world.run(...show);
    expect(stdout).to.match(/^Task 1: completed, all rounds are done\n/);
    const kept = / own model +personalised, after round 2: (\S+)\n/.exec(stdout)?.[1] ?? "";
    expect(existsSync(kept)).to.equal(true);

    const model = join(world.folder, "model.safetensors");
    const wrote = await world.run("task", "model", "1", "--out", model, ...own);
    expect([wrote.code, wrote.stderr]).to.deep.equal([0, ""]);
    expect(wrote.stdout).to.match(
      /: this node's personalised model of task 1 after round 2, [\d.]+ kB as safetensors\n$/,
    );
    expect(readFileSync(model).equals(readFileSync(kept))).to.equal(true);
    const again = await world.run("task", "model", "1", "--out", model, ...own);
    expect(again.code).to.equal(2);
    expect(again.stderr).to.contain("nothing is overwritten");

    const common = join(world.folder, "global.safetensors");
    const all = await world.json<{ kind: string; round: number }>(
      "task",
      "model",
      "1",
      "--global",
      "--out",
      common,
      ...own,
    );
    expect(all).to.include({ kind: "global", round: 2 });
    expect(readFileSync(common).subarray(8, 300).toString("latin1")).to.contain('"role":"global"');
  });
});
