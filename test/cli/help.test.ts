import { expect } from "chai";
import type { Command } from "commander";
import { createProgram } from "#cli/program";
import { concordat } from "./concordat.ts";

/** Every command with the words that call it. */
function allCommands(command: Command, words: readonly string[] = []): [string, Command][] {
  const below = command.commands.flatMap((child) => allCommands(child, [...words, child.name()]));
  return [[words.join(" "), command], ...below];
}

describe("help of the command line", () => {
  const commands = allCommands(createProgram());

  for (const [words, command] of commands) {
    it(`says what "concordat ${words}" does and what can be given`, () => {
      expect(command.description(), "description").to.not.equal("");
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      expect(help).to.contain("Usage: concordat");
      for (const option of command.options) expect(option.description, option.flags).to.not.equal("");
      if (command.commands.length === 0)
        expect(help, "examples").to.contain(`concordat`).and.contain("Examples:");
    });
  }

  it("has every command of the documentation", () => {
    const words = commands.map(([name]) => name);
    expect(words).to.include.members([
      "demo",
      "node init",
      "node run",
      "node status",
      "task publish",
      "task list",
      "task show",
      "task join",
      "task vote",
      "data list",
      "data fetch",
      "data describe",
      "data partition",
      "audit",
      "index serve",
    ]);
  });

  it("goes to standard output with exit code 0 and names the exit codes", async () => {
    const { code, stdout, stderr } = await concordat("--help");
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.match(/Exit codes:\n\s+0 .*\n\s+1 .*\n\s+2 .*\n\s+3 .*\n\s+130 /);
  });

  it("explains the demonstration's options", async () => {
    const { code, stdout } = await concordat("demo", "--help");
    expect(code).to.equal(0);
    for (const option of [
      "--nodes",
      "--rounds",
      "--dataset",
      "--data",
      "--model",
      "--strategy",
      "--seed",
      "--keep",
    ]) {
      expect(stdout).to.contain(option);
    }
  });

  it("carries no colours where there is no terminal", async () => {
    const { stdout } = await concordat("task", "publish", "--help");
    expect(stdout).to.not.contain("\u001b");
  });
});
