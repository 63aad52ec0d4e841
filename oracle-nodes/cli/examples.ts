import type { Command } from "commander";

/** Adds examples to a command's help: what to type, and what it is for. */
export function examples(
  command: Command,
  entries: readonly (readonly [typed: string, purpose: string])[],
): Command {
  const lines = entries.map(([typed, purpose]) => `  $ ${typed}\n      ${purpose}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}
