import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addArtifactCommands } from "./commands/artifactCommands.ts";
import { addAuditCommand } from "./commands/auditCommand.ts";
import { addBenchCommands } from "./commands/benchCommands.ts";
import { addDataCommands } from "./commands/dataCommands.ts";
import { addDemoCommand } from "./commands/demoCommand.ts";
import { addIndexCommand } from "./commands/indexCommand.ts";
import { addKeyCommands } from "./commands/keyCommands.ts";
import { addNodeCommands } from "./commands/nodeCommands.ts";
import { addStakeCommands } from "./commands/stakeCommands.ts";
import { addTaskCommands } from "./commands/taskCommands.ts";
import { addVoteCommands } from "./commands/voteCommands.ts";

const EXIT_CODES = `
Exit codes:
  0    done; for an audit: everything agrees
  1    the work failed; for an audit: something disagrees
  2    an option, file, key, address or endpoint cannot be used; nothing was written
  3    for an audit: nothing disagrees, but something could not be recomputed; for an experiment: some runs diverged
  130  interrupted by Ctrl-C or a signal`;

/** The `concordat` command with all that is below it. Modules that do the work are loaded by the command that needs them. */
export function createProgram(): Command {
  const program = new Command("concordat")
    .description("Federated learning whose rules are a smart contract.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show what a command does")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(inOneLine(text)) });
  addDemoCommand(program);
  const node = addNodeCommands(program);
  const task = addTaskCommands(program);
  addVoteCommands(task);
  addStakeCommands(program);
  addArtifactCommands(program);
  addKeyCommands(program);
  addAuditCommand(program);
  addIndexCommand(program);
  addDataCommands(program);
  addBenchCommands(program);
  for (const group of program.commands) group.helpCommand(false);
  for (const group of [program, node, task]) group.addHelpText("after", EXIT_CODES);
  return program;
}

/** commander's complaint in our form: one line, with the way out. */
function inOneLine(text: string): string {
  const [first = "", suggestion = ""] = text.trim().split("\n");
  return `concordat: ${first.replace(/^error: /, "")}${suggestion && ` ${suggestion}`}. Add --help to see what is accepted\n`;
}

function version(): string {
  const text = readFileSync(new URL(import.meta.resolve("#package.json")), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
