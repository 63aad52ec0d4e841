import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet, parseEther } from "ethers";
import { QuirkProxy } from "../quirks/quirkProxy.ts";
import type { Quirk } from "../quirks/quirkProxy.ts";
import { startCommandChain } from "./commandChain.ts";
import type { CommandChain } from "./commandChain.ts";

const FILES = ["initial-model.safetensors", "manifest.json", "publication.json"];

describe("concordat task publish", function () {
  this.timeout(300_000);
  let world: CommandChain;
  let number = 0;

  before(async () => {
    world = await startCommandChain();
  });
  after(async () => world.close());

  const newFolder = (): string => join(world.folder, `task-${(number += 1)}`);
  const publish = (out: string, ...more: readonly string[]): readonly string[] => [
    "task",
    "publish",
    "--out",
    out,
    "--min-nodes",
    "1",
    "--time-limit",
    "1h",
    ...more,
  ];
  const paid = (): readonly string[] => [
    "--reward-token",
    world.token,
    "--reward",
    "0.01",
    "--max-nodes",
    "3",
  ];

  it("checks everything in a dry run, says each check and the terms in words, and sends nothing", async () => {
    const out = newFolder();
    const { code, stdout, stderr } = await world.run(
      ...publish(out, ...paid(), "--dry-run"),
      ...world.asFounder,
    );
    expect([code, stderr]).to.deep.equal([0, "Nothing was sent: leave out --dry-run to publish\n"]);
    for (const line of [
      /^ +files +manifest [\d.]+ kB, initial model [\d.]+ kB$/m,
      /^ +terms +the contract accepts them$/m,
      /^ +escrow +[\d.]+ DEV, which the account has$/m,
      /^ +gas +about [\d,]+, at most [\d.]+ of the chain's currency; the account has [\d.]+$/m,
      /^ +nodes +the registry has 1 member node, 1 must join$/m,
      /^ +reward per point of reputation +0\.01 DEV$/m,
      /^ +quorum +67 % of the active nodes$/m,
      /^ +no round starts after +in (1 hour|59 minutes[^(]*) \(\d{4}-\d\d-\d\d \d\d:\d\d UTC\)$/m,
      /^ +time to train +30 minutes$/m,
    ])
      expect(stdout).to.match(line);
    expect(existsSync(out)).to.equal(false);
    expect(await world.json("task", "list", ...world.where)).to.deep.equal([]);
  });

  it("refuses in a dry run what publication would refuse, with exit code 2 and everything that is wrong", async () => {
    const poor = new Wallet(Wallet.createRandom().privateKey);
    await world.fund(poor.address, "0.000001", "0.001");
    const account = [...world.where, "--keystore", await world.keystore("poor", poor)];
    const busy = createServer();
    await new Promise<void>((resolve) => {
      busy.listen(0, "127.0.0.1", resolve);
    });
    const { port } = busy.address() as AddressInfo;
    try {
      const out = newFolder();
      const more = [...paid(), "--kubo", "http://127.0.0.1:1", "--serve", `127.0.0.1:${port}`, "--dry-run"];
      const { code, stdout, stderr } = await world.run(...publish(out, ...more), ...account);
      expect(code).to.equal(2);
      expect(stdout).to.match(/^ +Kubo +refused: No Kubo node answers at /m);
      expect(stdout).to.match(/^ +serving +refused: Cannot listen on /m);
      expect(stdout).to.match(/^ +escrow +refused: Account 0x\w+ has 0\.001 DEV, but needs [\d.]+ DEV/m);
      expect(stderr).to.match(/^concordat: No Kubo node answers [^\n]*\(and 2 more problems\)[^\n]*\n$/);
      expect(existsSync(out)).to.equal(false);
    } finally {
      busy.close();
    }
    const unpaid = await world.run(...publish(newFolder(), "--dry-run"), ...account);
    expect([unpaid.code, unpaid.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 2 && /has 0\.000001 of the chain's currency/.test(text),
    );
  });

  it("leaves nothing behind when the contract refuses the terms, and says so with exit code 2", async () => {
    const out = newFolder();
    // Longer than this vault holds stake: only the contract says so.
    const { code, stdout, stderr } = await world.run(
      ...publish(out, "--stake-token", world.token, "--min-stake", "1", "--dispute", "300d"),
      ...world.asFounder,
    );
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(
      /^concordat: publish was refused by the contract: unbonding too short [^\n]*--time-limit or --dispute\n$/,
    );
    expect(existsSync(out)).to.equal(false);
    expect(await world.json("task", "list", ...world.where)).to.deep.equal([]);
  });

  it("writes the files with what it published, and never publishes twice from one folder", async () => {
    const out = newFolder();
    const command = publish(out, ...paid());
    const { taskId } = await world.json<{ taskId: number }>(...command, ...world.asFounder);
    expect(readdirSync(out).toSorted()).to.deep.equal(FILES);
    const record = JSON.parse(readFileSync(join(out, "publication.json"), "utf8")) as Record<string, unknown>;
    expect(record).to.include({ task: taskId, publisher: world.founder.address });

    const again = await world.run(...command, ...world.asFounder);
    expect([again.code, again.stdout]).to.deep.equal([2, ""]);
    expect(again.stderr).to.contain(`holds task ${taskId}, which is already published`);
  });

  it("finds the task of an earlier run whose answer was lost, instead of publishing it again", async () => {
    const out = newFolder();
    const command = publish(out, ...paid(), "--name", "lost");
    const { taskId } = await world.json<{ taskId: number }>(...command, ...world.asFounder);
    // As a run leaves it that was killed, or whose endpoint went silent, after it had sent.
    const file = join(out, "publication.json");
    const { task: _, ...sent } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(sent));
    const before = (await world.json<unknown[]>("task", "list", ...world.where)).length;

    const other = await world.run(...command, "--rounds", "3", ...world.asFounder);
    expect(other.code).to.equal(2);
    expect(other.stderr).to.contain("sent with other settings");

    const again = await world.run(...command, ...world.asFounder);
    expect(again.code).to.equal(0);
    expect(again.stdout).to.match(new RegExp(`^Published task ${taskId}\n`));
    expect(again.stderr).to.contain(`Task ${taskId} was published by an earlier run`);
    expect(JSON.parse(readFileSync(file, "utf8"))).to.include({ task: taskId });
    expect((await world.json<unknown[]>("task", "list", ...world.where)).length).to.equal(before);
  });

  it("publishes once although it was killed just after it had sent, and is given again", async () => {
    const out = newFolder();
    const sent = Promise.withResolvers<void>();
    const deaf: Quirk = {
      name: "deaf",
      answer: async (request, forward) => {
        if (request.method !== "eth_sendRawTransaction") return forward();
        await forward();
        sent.resolve();
        return { hang: true };
      },
    };
    const proxy = await QuirkProxy.start(world.chain.rpcUrl, [deaf]);
    const before = (await world.json<unknown[]>("task", "list", ...world.where)).length;
    const command = publish(out, "--name", "killed");
    try {
      const through = world.asFounder.map((word) => (word === world.chain.rpcUrl ? proxy.url : word));
      const run = world.start(...command, ...through);
      await Promise.race([sent.promise, run.done]);
      run.child.kill("SIGKILL");
      const { stdout } = await run.done;
      expect(stdout).to.equal("");
    } finally {
      await proxy.close();
    }
    expect(readdirSync(out).toSorted()).to.deep.equal(FILES);
    const again = await world.run(...command, ...world.asFounder);
    expect(again.code).to.equal(0);
    expect(again.stdout).to.match(new RegExp(`^Published task ${before + 1}\n`));
    expect((await world.json<unknown[]>("task", "list", ...world.where)).length).to.equal(before + 1);
    expect(JSON.parse(readFileSync(join(out, "publication.json"), "utf8"))).to.include({ task: before + 1 });
  });

  it("refuses a folder that holds another task, or that cannot be written", async () => {
    const out = newFolder();
    mkdirSync(out);
    writeFileSync(join(out, "manifest.json"), "{}");
    const other = await world.run(...publish(out), ...world.asFounder);
    expect([other.code, other.stdout]).to.deep.equal([2, ""]);
    expect(other.stderr).to.contain("already holds another task");
    expect(readFileSync(join(out, "manifest.json"), "utf8")).to.equal("{}");

    const file = newFolder();
    writeFileSync(file, "");
    const noFolder = await world.run(...publish(join(file, "below")), ...world.asFounder);
    expect(noFolder.code).to.equal(2);
    expect(noFolder.stderr).to.match(/^concordat: The files cannot be written to [^\n]+\n$/);
  });

  it("makes a task that can be looked at although its reward token is no token", async () => {
    const nobody = `0x${"ef".repeat(20)}`;
    const command = publish(newFolder(), "--reward-token", nobody);
    const published = await world.run(...command, ...world.asFounder, "--json");
    expect(published.code).to.equal(0);
    // What became of the publication that was killed above is told once, by whichever command comes next.
    expect(published.stderr).to.match(
      /^(publish, which an earlier run sent as 0x[0-9a-f]{64}, is in block \d+\n)?$/,
    );
    const { taskId } = JSON.parse(published.stdout) as { taskId: number };
    const { code, stdout, stderr } = await world.run("task", "show", String(taskId), ...world.where);
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.match(new RegExp(`^Task ${taskId}: open to join\n`));
    const list = await world.run("task", "list", ...world.where);
    expect(list.stdout).to.match(/ open to join .* in \d+ (minutes|hour)[^\n]* UTC\)/);
  });

  it("says that a task waits where fewer nodes exist than it needs", async () => {
    const command = ["task", "publish", "--out", newFolder(), "--min-nodes", "4", "--dry-run"];
    const { code, stdout } = await world.run(...command, ...world.asFounder);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /nodes +Note: the registry has 1 member node, but 4 must join before the task starts/,
    );
  });

  it("refuses to serve from every address without saying which one members use", async () => {
    const command = ["task", "publish", "--serve", "0.0.0.0:8080", "--dry-run"];
    const { code, stderr } = await world.run(...command, ...world.asFounder);
    expect(code).to.equal(2);
    expect(stderr).to.match(/listens on 0\.0\.0\.0.*--announce/);
  });

  it("has taken from the publisher's account what it published, and nothing for what was refused", async () => {
    const tasks = await world.json<{ escrow: string }[]>("task", "list", ...world.where);
    const escrows = tasks.reduce((sum, { escrow }) => sum + BigInt(escrow), 0n);
    expect(tasks).to.have.length(4);
    expect(escrows).to.equal(2n * parseEther("2.85"));
  });
});
