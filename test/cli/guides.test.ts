import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Command } from "commander";
import { createProgram } from "#cli/program";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDES = globSync(["*.md", "docs/*.md", "{frontend,protocol,audit,oracle-nodes/*}/README.md"], {
  cwd: ROOT,
}).sort();
const UNIT = "deploy/systemd/concordat-node.service";
/** Commands that guides name without the word "concordat" before them; one line of the log begins alike. */
const SHORT = /^(?!node is running)(?:node|task|stake|artifact|key|data|index|bench) [a-z]+(?![\w./:])/;
/** What the reader makes, or a build. */
const MADE = /^(?:deploy\/(?:addresses|deployments)\/|deploy\/parameters\/public\.json$|frontend\/dist)/;

function read(guide: string): string {
  return readFileSync(join(ROOT, guide), "utf8");
}

/** The guide's code: the lines of its blocks, those that go on joined, and what stands between backticks. */
function codeIn(guide: string): string[] {
  const parts = read(guide).split(/^```.*$/m);
  const isBlock = (index: number): boolean => index % 2 === 1;
  const blocks = parts
    .filter((_, index) => isBlock(index))
    .flatMap((part) => part.replaceAll(/\\\n\s*/g, " ").split("\n"));
  const prose = parts.filter((_, index) => !isBlock(index)).join("\n");
  const indented = [...prose.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = ""]) => line);
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replaceAll(/\s+/g, " "));
  return [...blocks, ...indented, ...inline].map((line) => line.replace(/\s#.*$/, "").trim());
}

/** What follows "concordat" wherever a guide tells the reader to type it. */
function commandsIn(guide: string): string[] {
  return codeIn(guide).flatMap((line) => {
    const [, typed] = /^(?:\w+=\S+ )*(?:npx )?concordat ([a-z].*)$/.exec(line) ?? [];
    return typed ?? (SHORT.test(line) ? line : []);
  });
}

/** Files and folders of the repository that a guide's code names, from the root. */
function pathsIn(guide: string): string[] {
  const rooms = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[\w-]+$/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !["node_modules", "artifacts", "cache"].includes(name));
  const path = new RegExp(`(?<![\\w./-])(?:${rooms.join("|")})/[\\w./*-]*`, "g");
  return codeIn(guide)
    .flatMap((line) => line.match(path) ?? [])
    .filter((found) => !MADE.test(found));
}

/** The names by which a guide's sections can be linked, as hosts of repositories make them. */
function anchorsIn(guide: string): string[] {
  return [...read(guide).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
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
    const typed = commandsIn(guide);
    if (typed.length === 0) continue;
    it(`${guide} names only commands and options that there are`, () => {
      for (const line of typed) {
        const { command, rest } = resolve(line.split(/\s+/));
        const isGroup = command.commands.length > 0 && command.parent !== null && rest.length === 0;
        expect(command.commands.length === 0 || isGroup, `a command in "${line}"`).to.equal(true);
        const known = ["--help", ...command.options.map(({ long }) => long)];
        for (const option of rest.filter((word) => word.startsWith("--"))) {
          expect(known, `"${line}"`).to.include(option.replace(/[.,;)]+$/, ""));
        }
      }
    });
  }

  it("link to files and sections that there are", () => {
    for (const guide of GUIDES) {
      const links = read(guide).matchAll(/\]\(((?!https?:)[^)\s]+)\)/g);
      for (const [, link = ""] of links) {
        const [file = "", section] = link.split("#");
        const target = file === "" ? guide : join(dirname(guide), file);
        expect(existsSync(join(ROOT, target)), `${link} in ${guide}`).to.equal(true);
        if (section !== undefined) expect(anchorsIn(target), `${link} in ${guide}`).to.include(section);
      }
    }
  });

  it("name files and folders that there are", () => {
    const named = GUIDES.flatMap((guide) => pathsIn(guide).map((path) => [guide, path] as const));
    expect(named.length).to.be.greaterThan(40);
    for (const [guide, path] of named) {
      expect(globSync(path.replace(/[.-]$/, ""), { cwd: ROOT }), `${path} in ${guide}`).to.not.have.length(0);
    }
  });

  it("explain lines that the node's log really has", () => {
    const guide = read("docs/operators-guide.md");
    const section = /### What the log says\n([\s\S]*?)\n###/.exec(guide)?.[1] ?? "";
    const explained = section.split("\n").flatMap((row) => {
      const [, first = ""] = row.split("|");
      return [...first.matchAll(/`([^`]+)`/g)].map(([, line = ""]) => line);
    });
    expect(explained.length).to.be.greaterThan(12);
    const sources = globSync("oracle-nodes/{node,chain,store}/**/*.ts", { cwd: ROOT })
      .map((file) => readFileSync(join(ROOT, file), "utf8"))
      .join("\n");
    for (const line of explained) expect(sources.includes(line), line).to.equal(true);
  });

  it("call the pinned Node without npx in the service file, which the guide quotes", () => {
    const unit = readFileSync(join(ROOT, UNIT), "utf8");
    const start = /^ExecStart=.*$/m.exec(unit)?.[0] ?? "";
    expect(read("docs/operators-guide.md")).to.contain(start);
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
