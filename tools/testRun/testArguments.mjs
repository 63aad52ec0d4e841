// What follows `npm test --`: stages, files of tests, a part of their names, and whether to go on.
import { existsSync, globSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Where somebody who types `npm test` stands; npm itself goes to the repository's root first. */
const STANDS_IN = process.env.INIT_CWD ?? process.cwd();
const FILE = /\.(test\.ts|t\.sol)$/;

/** The text of `npm test -- --help`. */
export function helpText(stages) {
  return `Usage: npm test [-- [STAGE...] [FILE...] [-g TEXT] [--watch]]

Without arguments: every stage, in this order. With Chromium about twenty minutes on two cores.

  STAGE      ${stages.slice(0, 5).join(", ")}, or a room, that is a folder of test/:
             ${wrap(stages.slice(5)).join("\n             ")}
  FILE       a *.test.ts, or a *.t.sol of contracts/test; several may be given
  -g TEXT    only the tests whose name, the names around it included, contains TEXT; needs a room or a file
  --watch    run again whenever a source or a test changes, until Ctrl-C; needs a stage or a file
  -h, --help print this

Contracts that changed since the last build are compiled first, and the dApp is built where a test opens it in a browser.
The exit code is 0 when all passed, 1 when anything failed, 2 when an argument cannot be used.

Examples:
  npm test -- test/protocol/manifest.test.ts
  npm test -- protocol -g "the field that is unknown"
  npm test -- test/node/peers.test.ts --watch
  npm test -- types lint
`;
}

/**
 * Reads the arguments.
 * @returns the chosen stages and files (by their path from the root), the text, and whether to watch or to print help
 * @throws {Error} with one sentence about the first argument that cannot be used
 */
export function readArguments(args, stages, rooms) {
  const options = {
    grep: { type: "string", short: "g" },
    watch: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  };
  const { values, positionals } = parse(args, options);
  const files = positionals.filter((word) => FILE.test(word)).map(findFile);
  const names = positionals.filter((word) => !FILE.test(word));
  const unknown = names.filter((name) => !stages.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `There is no stage ${unknown.join(", ")}. Choose from ${stages.join(", ")}, or give a *.test.ts`,
    );
  }
  const haveTests = files.length > 0 || names.some((name) => name === "solidity" || rooms.includes(name));
  if (values.grep !== undefined && !haveTests) {
    throw new Error(`-g needs a room or a file: npm test -- protocol -g "${values.grep}"`);
  }
  if (values.watch && positionals.length === 0) {
    throw new Error("--watch needs a stage or a file: npm test -- protocol --watch");
  }
  return { names, files, grep: values.grep, watch: values.watch ?? false, help: values.help ?? false };
}

function parse(args, options) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Its second sentence is about arguments that look like options, of which there are none here.
    throw new Error(error.message.split(". ")[0], { cause: error });
  }
}

function findFile(typed) {
  const root = process.cwd();
  const file = [resolve(STANDS_IN, typed), resolve(root, typed)].find((path) => existsSync(path));
  if (file !== undefined) return relative(root, file);
  const [alike] = globSync([`test/**/${basename(typed)}`, `contracts/test/**/${basename(typed)}`]);
  throw new Error(`There is no file ${typed}${alike === undefined ? "" : `. Did you mean ${alike}?`}`);
}

function wrap(words) {
  const lines = [""];
  for (const word of words) {
    if (lines.at(-1).length + word.length > 80) lines.push("");
    lines[lines.length - 1] += `${word}, `;
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line.slice(0, -2) : line.trimEnd()));
}
