// `npm test`: every check of this repository, in order; with Chromium about twenty minutes on two cores. Fails when anything fails.
// `npm test -- --help` says how to run a stage, a room of test/, a file or a single test, and how to watch.
import { globSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { run } from "./testRun/runCommand.mjs";
import { isStale } from "./testRun/staleBuild.mjs";
import { helpText, readArguments } from "./testRun/testArguments.mjs";
import { watchSources } from "./testRun/watchSources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
/** Milliseconds that one test may take where it does not say so itself: generous, since it is there to end a hang. */
const TEST_TIMEOUT = "120000";
/** Files of one room run side by side, each in a process of its own. */
const PARALLEL = ["--parallel", "--jobs", String(Math.min(4, availableParallelism()))];

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
  build: async () => (await buildContracts()) && (await buildDapp()),
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
  solidity: () => testFiles(globSync("contracts/test/**/*.t.sol")),
  ...Object.fromEntries(rooms.map((room) => [room, () => testFiles(globSync(`test/${room}/**/*.test.ts`))])),
};

const chosen = readChoice();
let totals;
if (chosen.watch) {
  const sources = watchSources();
  for (;;) {
    await runChosen();
    console.log("\nWaiting for a change; Ctrl-C ends");
    console.log(`\n${await sources.next()} changed`);
  }
}
process.exitCode = (await runChosen()) ? 0 : 1;

/** What the arguments ask for. Ends the process where they ask for help, or cannot be used. */
function readChoice() {
  const names = Object.keys(stages);
  try {
    const choice = readArguments(process.argv.slice(2), names, rooms);
    if (!choice.help) return choice;
    process.stdout.write(helpText(names));
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\nnpm test -- --help says more`);
    process.exit(2);
  }
}

/** Runs what was chosen, and says how it went. */
async function runChosen() {
  totals = { passed: 0, failed: 0, skipped: 0 };
  const broken = [];
  /** Minutes by stage. */
  const minutes = [];
  for (const [name, stage] of chosenStages()) {
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
  const ranNone = chosen.grep !== undefined && totals.passed + totals.failed + totals.skipped === 0;
  if (ranNone) console.error(`No test's name contains "${chosen.grep}"`);
  return broken.length === 0 && totals.failed === 0 && !ranNone;
}

/** All stages; or the named ones and the files, before them a build where tests would use an outdated one. */
function chosenStages() {
  const { names, files } = chosen;
  if (names.length + files.length === 0) return Object.entries(stages);
  const found = Object.entries(stages).filter(([name]) => names.includes(name));
  if (files.length > 0) found.push([files.length === 1 ? files[0] : "files", () => testFiles(files)]);
  const haveTests = files.length > 0 || names.some((name) => name === "solidity" || rooms.includes(name));
  const inBrowser = names.includes("browser") || files.some((file) => file.startsWith("test/browser/"));
  const builds = [];
  if (haveTests && isStale("contracts")) builds.push(buildContracts);
  if (inBrowser && isStale("dapp")) builds.push(buildDapp);
  if (builds.length === 0 || names.includes("build")) return found;
  const build = async () => {
    for (const each of builds) if (!(await each())) return false;
    return true;
  };
  return [["build", build], ...found];
}

async function buildContracts() {
  return (await run("hardhat", "build")) && (await run("node", "tools/abis.mjs"));
}

async function buildDapp() {
  return run("vite", "build", "--config", "frontend/vite.config.ts", "--logLevel", "warn");
}

function rank(room) {
  const index = ORDER.indexOf(room);
  return index < 0 ? ORDER.length : index;
}

/** Runs files of tests: those that use Hardhat's network through Hardhat, the others through plain mocha. */
async function testFiles(files) {
  const solidity = files.filter((file) => file.endsWith(".sol"));
  const typescript = files.filter((file) => !file.endsWith(".sol")).sort();
  const onHardhat = typescript.filter((file) =>
    /from "hardhat"|import\("hardhat"\)/.test(readFileSync(file, "utf8")),
  );
  const plain = typescript.filter((file) => !onHardhat.includes(file));
  // The text is no pattern to its user, but to the runners.
  const grep =
    chosen.grep === undefined ? [] : ["--grep", chosen.grep.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")];
  const results = [];
  if (solidity.length > 0) {
    // All of them by the folder in Hardhat's own settings.
    const some = chosen.files.length > 0 ? solidity : [];
    results.push(await runTests("hardhat", "test", "solidity", "--no-compile", ...grep, ...some));
  }
  if (onHardhat.length > 0) {
    results.push(await runTests("hardhat", "test", "mocha", "--no-compile", ...grep, ...onHardhat));
  }
  if (plain.length > 0) {
    const parallel = plain.length > 1 ? PARALLEL : [];
    const options = ["--forbid-only", ...parallel, "--timeout", TEST_TIMEOUT, ...grep];
    results.push(await runTests("mocha", ...options, ...plain));
  }
  return results.every(Boolean);
}

/** Runs a test runner and adds what it counted. A runner that fails has failed, or counts nothing though no name was asked for. */
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
  const ranSome = passed + skipped > 0 || chosen.grep !== undefined;
  if (ok && !ranSome) console.error(`${command} ran no test`);
  return ok && failed === 0 && ranSome;
}
