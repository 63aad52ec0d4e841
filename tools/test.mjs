// `npm test`: every check of this repository, in order; with Chromium about twenty minutes on two cores. Fails when anything fails.
// `npm test -- ROOM...` runs the tests of these folders of test/ only; `npm test -- lint` and the other stages likewise.
import { spawn } from "node:child_process";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const bin = join(root, "node_modules", ".bin");
/** Milliseconds that one test may take where it does not say so itself: generous, since it is there to end a hang. */
const TEST_TIMEOUT = "120000";
/** Milliseconds after which a command is ended that does not end by itself, for example for a handle that it forgot. */
const COMMAND_TIMEOUT = 30 * 60_000;
/** Files of one room run side by side, each in a process of its own. */
const PARALLEL = ["--parallel", "--jobs", String(Math.min(4, availableParallelism()))];
/** The built dApp, which the tests in a browser serve. */
const DAPP = join(root, "frontend", "dist");

/** Rooms in the order in which a fault is best found: pure rules first, whole federations last. */
const ORDER = [
  "protocol",
  "differential",
  "contracts",
  "aggregation",
  "learning",
  "engines",
  "privacy",
  "experiments",
  "artifacts",
  "chain",
  "quirks",
  "node",
  "audit",
  "index",
  "frontend",
];
const rooms = readdirSync("test", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && globSync(`test/${entry.name}/**/*.test.ts`).length > 0)
  .map((entry) => entry.name)
  .sort((a, b) => rank(a) - rank(b));

const stages = {
  build: async () =>
    (await run("hardhat", "build")) &&
    (await run("node", "tools/abis.mjs")) &&
    (await run("vite", "build", "--config", "frontend/vite.config.ts", "--logLevel", "warn")),
  bundle: () => run("node", "tools/bundleReport.mjs"),
  types: async () => (await run("tsc", "--noEmit")) && (await run("tsc", "--noEmit", "-p", "frontend")),
  lint: async () => {
    const results = [
      await run("oxlint", "--deny-warnings"),
      await run("solhint", "--disc", "--max-warnings", "0", "contracts/**/*.sol"),
      await run("prettier", "--check", "."),
      await run("node", "tools/lock.mjs"),
    ];
    return results.every(Boolean);
  },
  solidity: () => runTests("hardhat", "test", "solidity", "--no-compile"),
  ...Object.fromEntries(rooms.map((room) => [room, () => testRoom(room)])),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`There is no stage ${unknown.join(", ")}. Choose from ${Object.keys(stages).join(", ")}`);
  process.exit(2);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
const broken = [];
/** Minutes by stage. */
const minutes = [];
for (const [name, stage] of Object.entries(stages)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const start = performance.now();
  console.log(`\n=== ${name}`);
  const ok = await stage();
  if (!ok) broken.push(name);
  const seconds = (performance.now() - start) / 1000;
  minutes.push([name, seconds / 60]);
  console.log(`=== ${name}: ${ok ? "ok" : "FAILED"} (${seconds.toFixed(1)} s)`);
  if (!ok && name === "build") break;
}
const all = minutes.reduce((sum, [, each]) => sum + each, 0);
console.log("\nMinutes");
for (const [name, each] of [...minutes, ["all", all]])
  console.log(`  ${name.padEnd(14)}${each.toFixed(1).padStart(6)}`);
if (broken.length > 0) console.log(`\nFailed: ${broken.join(", ")}`);
const suffix = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
console.log(`\n${totals.passed} passed, ${totals.failed} failed${suffix}`);
process.exitCode = broken.length > 0 || totals.failed > 0 ? 1 : 0;

function rank(room) {
  const index = ORDER.indexOf(room);
  return index < 0 ? ORDER.length : index;
}

/** A room's tests: those that use Hardhat's network run through Hardhat, the others through plain mocha. */
async function testRoom(room) {
  const files = globSync(`test/${room}/**/*.test.ts`).sort();
  const onHardhat = files.filter((file) =>
    /from "hardhat"|import\("hardhat"\)/.test(readFileSync(file, "utf8")),
  );
  const plain = files.filter((file) => !onHardhat.includes(file));
  const results = [];
  if (onHardhat.length > 0) {
    results.push(await runTests("hardhat", "test", "mocha", "--no-compile", ...onHardhat));
  }
  if (plain.length > 0) {
    results.push(await runTests("mocha", "--forbid-only", ...PARALLEL, "--timeout", TEST_TIMEOUT, ...plain));
  }
  return results.every(Boolean);
}

/** Runs a test runner and adds what it counted. A runner that fails or counts nothing has failed. */
async function runTests(command, ...args) {
  let output = "";
  const ok = await run(command, ...args, (text) => (output += text));
  const plain = stripVTControlCharacters(output);
  const count = (word) =>
    [...plain.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"))].reduce((n, m) => n + Number(m[1]), 0);
  const [passed, failed, skipped] = [count("passing"), count("failing"), count("(?:pending|skipped)")];
  totals.passed += passed;
  totals.failed += !ok && failed === 0 ? 1 : failed;
  totals.skipped += skipped;
  if (ok && passed + skipped === 0) console.error(`${command} ran no test`);
  return ok && failed === 0 && passed + skipped > 0;
}

/** Runs a command of node_modules/.bin and shows its output; a function as last argument receives the output too. */
function run(command, ...args) {
  const listen = typeof args.at(-1) === "function" ? args.pop() : undefined;
  const { promise, resolve } = Promise.withResolvers();
  const file = command === "node" ? process.execPath : join(bin, command);
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  const env = {
    CONCORDAT_DAPP: DAPP,
    ...process.env,
    ...colour,
    PATH: `${dirname(process.execPath)}:${bin}:${process.env.PATH}`,
  };
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env,
    timeout: COMMAND_TIMEOUT,
    killSignal: "SIGKILL",
  });
  child.stdout.on("data", (chunk) => {
    process.stdout.write(chunk);
    listen?.(chunk.toString());
  });
  child.on("error", (error) => {
    console.error(`${command} does not start: ${error.message}`);
    resolve(false);
  });
  child.on("close", (code) => resolve(code === 0));
  return promise;
}
