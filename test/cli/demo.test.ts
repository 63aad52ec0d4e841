import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { start, temporaryFolder } from "./concordat.ts";

interface Results {
  readonly rounds: readonly {
    readonly round: number;
    readonly alphaBps: number;
    readonly committee: number[];
  }[];
  readonly results: readonly {
    readonly node: number;
    readonly classes: number[];
    readonly scei: { readonly clean: { readonly correct: number; readonly total: number } };
  }[];
  readonly gas: readonly { readonly action: string; readonly count: number; readonly reverted: number }[];
  readonly accounts: readonly {
    readonly reputation: number;
    readonly earned: string;
    readonly claimed: string;
  }[];
  readonly audit: { readonly decisions: number; readonly aggregates: number; readonly disagreements: number };
}

/** Command lines of processes that mention a folder. */
function processesWith(text: string): string[] {
  const lines = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(text) && !line.includes("ps -eo"));
}

describe("concordat demo", function () {
  this.timeout(600_000);
  const folder = temporaryFolder();

  it("trains three nodes for two rounds, shows the results and audits them without disagreement", async () => {
    const json = join(folder.path, "results.json");
    const temporary = join(folder.path, "tmp");
    mkdirSync(temporary);
    const args = [
      "demo",
      "--nodes",
      "3",
      "--rounds",
      "2",
      "--epochs",
      "1",
      "--train-per-class",
      "60",
      "--json",
      json,
    ];
    // CI is what colour libraries take for a terminal.
    const demo = start(args, { TMPDIR: temporary, CI: "true" });
    const dapp = await demo.says(/the dApp shows it live: (\S+)/);
    expect(await (await fetch(dapp)).text()).to.contain("<title>Concordat</title>");
    const { networks } = (await (await fetch(`${dapp}config.json`)).json()) as { networks: object[] };
    expect(networks).to.have.length(1);
    expect((await fetch(`${dapp}%2e%2e/package.json`)).status).to.equal(404);
    const { code, stdout, stderr } = await demo.done;
    expect([code, stderr]).to.deep.equal([0, ""]);
    for (const heading of [
      "Rounds",
      "one seed",
      "Gas",
      "Reputation and reward",
      "Audit",
      "beat|lost to|equalled",
    ]) {
      expect(stdout).to.match(new RegExp(heading));
    }
    expect(stdout).to.not.contain("\u001b");

    const results = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(results.rounds.map(({ round }) => round)).to.deep.equal([1, 2]);
    for (const { alphaBps, committee } of results.rounds) {
      expect(alphaBps).to.be.within(5300, 8000);
      expect(committee.toSorted()).to.deep.equal([1, 2, 3]);
    }
    expect(results.results.map(({ node }) => node)).to.deep.equal([1, 2, 3]);
    for (const { classes, scei } of results.results) {
      expect(classes).to.have.length(4);
      expect(scei.clean.total).to.equal(200);
      expect(scei.clean.correct).to.be.greaterThan(50);
    }
    const calls = new Map(results.gas.map(({ action, count }) => [action, count]));
    expect(calls.get("TaskRegistry.joinTask")).to.equal(3);
    expect(calls.get("RoundCoordinator.submitUpdates")).to.equal(6);
    for (const { earned, claimed } of results.accounts) expect(BigInt(claimed)).to.equal(BigInt(earned));
    expect(results.audit.disagreements).to.equal(0);
    expect(results.audit.aggregates).to.equal(2);
    expect(results.audit.decisions).to.be.greaterThan(100);

    expect(readdirSync(temporary), "temporary folders left").to.deep.equal([]);
    expect(processesWith(temporary), "processes left").to.deep.equal([]);
  });

  for (const moment of ["Starting an embedded chain", "Starting the oracle nodes", "round 1: node"]) {
    it(`leaves no process, no lock and no folder after Ctrl-C at "${moment}"`, async () => {
      const demo = start(["demo", "--nodes", "2", "--rounds", "20"], { TMPDIR: folder.path });
      await demo.says(moment);
      demo.child.kill("SIGINT");
      const { code, stderr } = await demo.done;
      expect([code, stderr]).to.deep.equal([130, ""]);
      expect(readdirSync(folder.path)).to.deep.equal([]);
      expect(processesWith(folder.path)).to.deep.equal([]);
    });
  }

  it("releases every lock of a folder that stays", async () => {
    const dir = join(folder.path, "kept");
    const demo = start(["demo", "--nodes", "2", "--rounds", "20", "--dir", dir]);
    await demo.says("round 1: node");
    demo.child.kill("SIGTERM");
    expect((await demo.done).code).to.equal(130);
    const left = readdirSync(dir, { recursive: true, encoding: "utf8" });
    expect(left).to.include("addresses.json");
    expect(left.filter((name) => name.endsWith("node.lock"))).to.deep.equal([]);
  });

  it("is followed by its nodes when it is killed", async () => {
    const demo = start(["demo", "--nodes", "2", "--rounds", "20"], { TMPDIR: folder.path });
    await demo.says("Publishing the task");
    demo.child.kill("SIGKILL");
    await demo.done;
    while (processesWith(folder.path).length > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
