import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { start } from "../cli/concordat.ts";
import { makeSite } from "./siteFolder.ts";

const KEY = "SECRET-KEY-IN-A-PATH";
/** Nobody listens there. */
const DEAD = `http://127.0.0.1:9/v2/${KEY}`;

describe("concordat node status without an endpoint", function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-status-"));
    await makeSite(folder, DEAD);
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));
  const status = async (...more: string[]) =>
    start(["node", "status", "--config", join(folder, "node.yaml"), ...more]).done;

  it("tells what the node wrote, its age and its accounts, without the endpoint's key", async () => {
    const written = new Date(Date.now() - 10 * 60_000).toISOString();
    const facts = {
      nodeId: 5,
      signer: "0x01",
      endpoints: "",
      pid: process.pid,
      updatedAt: written,
      progressAt: written,
      sentBytes: 0,
      accounts: {
        signer: { address: "0x01", balanceWei: "1000000000000000", readAt: written },
        gas: { submissionsLeft: 3, isLow: true },
      },
      tasks: [],
    };
    await mkdir(join(folder, "data"));
    await writeFile(join(folder, "data", "status.json"), JSON.stringify(facts));
    const { code, stdout, stderr } = await status();
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.match(/node +5$/m);
    expect(stdout).to.match(/signer +0x01, 0\.001 for gas, as of 10 minutes ago$/m);
    expect(stdout).to.match(/process +has made no progress for 10 minutes: it gives no sign of life/m);
    expect(stdout)
      .to.contain("http://127.0.0.1:9")
      .and.to.contain("this is what the node wrote 10 minutes ago");
    expect(stdout).to.contain("Gas is low");
    const asJson = await status("--json");
    expect(JSON.parse(asJson.stdout)).to.deep.include({
      node: 5,
      running: false,
      signerBalance: "1000000000000000",
    });
    for (const text of [stdout, asJson.stdout]) expect(text).not.to.contain(KEY);
  });

  it("is one line and exit code 2 where the node has not run either", async () => {
    const { code, stderr } = await status();
    expect(code).to.equal(2);
    expect(stderr.trim().split("\n")).to.have.length(1);
    expect(stderr).to.contain("http://127.0.0.1:9 cannot be reached").and.not.to.contain(KEY);
  });
});
