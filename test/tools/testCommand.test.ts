import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SMALL = "test/protocol/timeWords.test.ts";
const OF_CONTRACTS = "test/contracts/deploy.test.ts";

/** The name of a file's first test. */
function firstTest(file: string): string {
  return /\bit\("([^"]+)"/.exec(readFileSync(join(ROOT, file), "utf8"))?.[1] ?? "";
}

/** `npm test -- ...` as it runs: what it has printed so far, and how it ended. */
interface TestCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; printed: string }>;
  /** Resolves when the text has been printed as often; rejects when the command ends before. */
  prints(text: string, times: number): Promise<void>;
}

function startTests(...args: readonly string[]): TestCommand {
  const { INIT_CWD: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(ROOT, "tools/test.mjs"), ...args], {
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      child.emit("printed");
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, printed }));
  const prints = async (text: string, times: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (printed.split(text).length > times) resolve();
      };
      child.on("printed", look);
      look();
      void ended.then(() => reject(new Error(`It ended without "${text}":\n${printed}`)));
    });
  return { child, ended, prints };
}

describe("npm test -- ...", function () {
  this.timeout(300_000);

  it("runs one file", async () => {
    const { code, printed } = await startTests(SMALL).ended;
    expect(printed)
      .to.contain(`=== ${SMALL}: ok`)
      .and.match(/\n[1-9]\d* passed, 0 failed\n/);
    expect(code).to.equal(0);
  });

  it("runs the tests of a room whose names contain a text, which is no pattern", async () => {
    const { code, printed } = await startTests("protocol", "-g", firstTest(SMALL)).ended;
    expect(printed).to.contain("=== protocol: ok").and.contain("\n1 passed, 0 failed\n");
    expect(code).to.equal(0);
  });

  it("gives a file that needs Hardhat's network to Hardhat", async () => {
    const { code, printed } = await startTests(OF_CONTRACTS, "-g", firstTest(OF_CONTRACTS)).ended;
    // The first words are Hardhat's own.
    expect(printed).to.contain("Running Mocha tests").and.contain("\n1 passed, 0 failed\n");
    expect(code).to.equal(0);
  });

  it("fails where no test's name contains the text", async () => {
    const { code, printed } = await startTests(SMALL, "-g", "(nothing is called that").ended;
    expect(printed).to.contain('No test\'s name contains "(nothing is called that"');
    expect(code).to.equal(1);
  });

  it("names what it cannot use, and what was meant where that can be told", async () => {
    for (const [args, reason] of [
      [["protocoll"], "There is no stage protocoll."],
      [["timeWords.test.ts"], `There is no file timeWords.test.ts. Did you mean ${SMALL}?`],
      [["lint", "-g", "text"], "-g needs a room or a file"],
      [["--watch"], "--watch needs a stage or a file"],
      [["--wach"], "Unknown option '--wach'"],
    ] as const) {
      const { code, printed } = await startTests(...args).ended;
      expect(printed).to.contain(reason);
      expect(code, args.join(" ")).to.equal(2);
    }
  });

  it("names every stage in its help", async () => {
    const { code, printed } = await startTests("--help").ended;
    expect(printed)
      .to.contain("build, bundle, types, lint, solidity")
      .and.match(/\bbrowser\b/);
    expect(code).to.equal(0);
  });

  it("runs again after a change, until it is stopped", async () => {
    const command = startTests(SMALL, "--watch");
    try {
      await command.prints("Waiting for a change", 1);
      utimesSync(join(ROOT, SMALL), new Date(), new Date());
      await command.prints(`${SMALL} changed`, 1);
      await command.prints("Waiting for a change", 2);
    } finally {
      command.child.kill();
    }
    expect((await command.ended).printed.match(/[1-9]\d* passed, 0 failed/g)).to.have.length(2);
  });
});
