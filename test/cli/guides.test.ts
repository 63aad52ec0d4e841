import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Command } from "commander";
import { createProgram } from "../../oracle-nodes/src/cli/program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDES = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })];
const UNIT = "deploy/systemd/concordat-node.service";

/** What follows "npx concordat" wherever a guide tells the reader to type it, lines that go on joined. */
function commandsIn(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, " ");
  return [...joined.matchAll(/npx concordat ([^\n`#]*)/g)].map(([, typed = ""]) => typed.trim());
}

/** The command that the first words call, and the words after it. */
function resolve(words: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = createProgram();
  let used = 0;
  for (; used < words.length; used++) {
    const child = command.commands.find((known) => known.name() === words[used]);
    if (child === undefined) break;
    command = child;
  }
  return { command, rest: words.slice(used) };
}

describe("the guides", () => {
  for (const guide of GUIDES) {
    const typed = commandsIn(readFileSync(join(ROOT, guide), "utf8"));
    if (typed.length === 0) continue;
    it(`${guide} names only commands and options that there are`, () => {
      for (const line of typed) {
        const { command, rest } = resolve(line.split(/\s+/));
        expect(command.commands, `a whole command in "${line}"`).to.have.length(0);
        const known = command.options.flatMap(({ long, short }) => [long, short]);
        for (const option of rest.filter((word) => word.startsWith("--"))) {
          expect(known, `"${line}"`).to.include(option.replace(/[.,;)]+$/, ""));
        }
      }
    });
  }

  it("link to files that there are", () => {
    for (const guide of GUIDES) {
      const links = readFileSync(join(ROOT, guide), "utf8").matchAll(/\]\(((?!https?:)[^)#\s]+)/g);
      for (const [, link = ""] of links) {
        expect(existsSync(join(ROOT, dirname(guide), link)), `${link} in ${guide}`).to.equal(true);
      }
    }
  });

  it("explain lines that the node's log really has", () => {
    const guide = readFileSync(join(ROOT, "docs/operators-guide.md"), "utf8");
    const section = /### What the log says\n([\s\S]*?)\n###/.exec(guide)?.[1] ?? "";
    const explained = section.split("\n").flatMap((row) => {
      const [, first = ""] = row.split("|");
      return [...first.matchAll(/`([^`]+)`/g)].map(([, line = ""]) => line);
    });
    expect(explained.length).to.be.greaterThan(12);
    const sources = globSync("oracle-nodes/src/{node,chain,artifacts}/**/*.ts", { cwd: ROOT })
      .map((file) => readFileSync(join(ROOT, file), "utf8"))
      .join("\n");
    for (const line of explained) expect(sources.includes(line), line).to.equal(true);
  });

  it("call the pinned Node without npx in the service file, which the guide quotes", () => {
    const unit = readFileSync(join(ROOT, UNIT), "utf8");
    const start = /^ExecStart=.*$/m.exec(unit)?.[0] ?? "";
    expect(readFileSync(join(ROOT, "docs/operators-guide.md"), "utf8")).to.contain(start);
    const [node = "", script = "", ...words] = start.replace("ExecStart=", "").split(" ");
    for (const path of [node, script]) {
      expect(existsSync(path.replace("/opt/concordat/", ROOT)), path).to.equal(true);
    }
    const { command, rest } = resolve(words);
    expect(command.name()).to.equal("run");
    const known = command.options.map(({ long }) => long);
    for (const option of rest.filter((word) => word.startsWith("--"))) expect(known).to.include(option);
    // What its restarts depend on is what the command says of itself.
    expect(unit)
      .to.match(/^RestartPreventExitStatus=2$/m)
      .and.to.match(/^SuccessExitStatus=130$/m);
  });
});
