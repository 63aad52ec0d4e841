import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { chainSource } from "#audit/reading/chainSource";
import { audit } from "#audit/audit";
import { beginScenario, playEventfulTask } from "../audit/scenario.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What a node is made of. */
const PARTS = ["audit", "chain", "console", "files", "learning", "node", "protocol", "store"];
/** Megabytes of a node's production install, a third of what a checkout weighs: benchmarks/results/packages.md. */
const WEIGHT_LIMIT_MB = 380;
/** What builds, tests, plots or shows, and has no place beside a hospital's data. */
const FOREIGN = /^(hardhat|solc|vega|vega-lite|vite|mocha|react|react-dom|react-native|wagmi|typescript)$/;
/** npm lets only whoever installs replace what a WebRTC transport, which no node uses, would bring: all of React Native. */
const OVERRIDES = { "react-native-webrtc": "npm:empty-npm-package@1.0.0" };

describe("the packages, installed from their tarballs into an empty folder", function () {
  this.timeout(600_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-packages-"));
    await run(process.execPath, [join(ROOT, "tools", "pack.mjs"), join(folder, "tarballs")]);
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({ type: "module", private: true, overrides: OVERRIDES }),
    );
    const tarballs = ["concordat", ...PARTS.map((part) => `concordat-${part}`)];
    const files = tarballs.map((name) => `./tarballs/${name}-0.1.0.tgz`);
    const quiet = ["--omit=optional", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", ["install", ...quiet, ...files], { cwd: folder });
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  /** Runs JavaScript in the folder, as its owner would, without what this process was told about sources. */
  const script = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    const { stdout } = await run(process.execPath, [name], { cwd: folder, env: withoutSources() });
    return stdout.trim();
  };
  const command = async (...args: readonly string[]) => {
    const bin = join(folder, "node_modules", ".bin", "concordat");
    return run(process.execPath, [bin, ...args], { cwd: folder, env: withoutSources() }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  };

  it("recompute a recorded task", async () => {
    const scenario = await beginScenario();
    await playEventfulTask(scenario);
    const answers: Record<string, unknown> = {};
    const { provider } = scenario.federation.connection;
    const recording = chainSource(async (method, params) => {
      // Before it is asked: Hardhat adds to what it is given.
      const key = JSON.stringify([method, params]);
      answers[key] = await provider.request({ method, params: structuredClone(params) as unknown[] });
      return answers[key];
    });
    const expected = await audit({ chain: { source: recording }, addressBook: scenario.deployment });
    await scenario.federation.connection.close();
    await writeFile(join(folder, "record.json"), JSON.stringify({ answers, book: scenario.deployment }));
    const printed = await script(
      "audit.js",
      `import { readFileSync } from "node:fs";
import { audit, chainSource } from "@concordat/audit";
const { answers, book } = JSON.parse(readFileSync("record.json", "utf8"));
const source = chainSource(async (method, params) => {
  const key = JSON.stringify([method, params]);
  if (!(key in answers)) throw new Error("not recorded: " + key);
  return answers[key];
});
const report = await audit({ chain: { source }, addressBook: book });
console.log(report.agrees, report.checks.length);`,
    );
    expect(expected.agrees).to.equal(true);
    expect(printed).to.equal(`true ${expected.checks.length}`);
  });

  it("aggregate to the pinned digest", async () => {
    const printed = await script(
      "aggregate.js",
      `import { createHash } from "node:crypto";
import { aggregationRule, SeededRandom } from "@concordat/learning";
const updates = [1, 2, 3, 4, 5].map((memberId) => {
  const random = new SeededRandom(memberId, "packages");
  const data = Float32Array.from({ length: 1000 }, () => random.uniform(-1, 1));
  return { memberId, samples: 100 * memberId, tensors: [{ name: "w", shape: [1000], data }] };
});
for (const rule of ["fedavg", "trimmedMean", "multiKrum"]) {
  const { tensors } = await aggregationRule(rule).aggregate(updates, 1);
  console.log(rule, createHash("sha256").update(Buffer.from(tensors[0].data.buffer)).digest("hex"));
}`,
    );
    expect(printed.split("\n")).to.deep.equal(PINNED);
  });

  it("run the command", async () => {
    const { code, stdout } = await command("node", "run", "--help");
    expect(code).to.equal(0);
    expect(stdout).to.contain("Usage: concordat node run");
  });

  it("say how to install the parts of the command that a node does not need", async () => {
    await writeFile(join(folder, "experiment.yaml"), "name: none\n");
    for (const [part, ...args] of [
      ["@concordat/demo", "demo", "--nodes", "2"],
      ["@concordat/experiments", "bench", "experiment", "experiment.yaml"],
    ]) {
      const { code, stderr } = await command(...args);
      expect({ code, stderr: stderr.trim() }).to.deep.equal({
        code: 2,
        stderr: `concordat: This command needs ${part}, which is not installed. npm install ${part}`,
      });
    }
  });

  it("bring nothing that builds, plots or shows", async () => {
    const names = await readdir(join(folder, "node_modules"));
    expect(names.filter((name) => FOREIGN.test(name))).to.deep.equal([]);
    expect(names.includes("@nomicfoundation")).to.equal(false);
  });

  it(`weigh at most ${WEIGHT_LIMIT_MB} MB, all dependencies included`, async () => {
    const bytes = await bytesBelow(join(folder, "node_modules"));
    expect(bytes / 1e6).to.be.below(WEIGHT_LIMIT_MB);
  });
});

/** SHA-256 of each rule's aggregate of five seeded updates, as little-endian float32. */
const PINNED: readonly string[] = [
  "fedavg 0a5124a200d0a697562ae1e51d506a511abfc211468e10dd13813baa61d78df3",
  "trimmedMean 595963644744bdda2a5050ce5e95d0c02330f19c36f4083345c167f04aa3323e",
  "multiKrum f437508c267f260229525b8f980482281e377fbcb8c975eeecec0534d1c413ee",
];

function withoutSources(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return env;
}

async function bytesBelow(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
