import { judge } from "./errorBoundary.ts";
import { ExitCode } from "@concordat/console/exitCode";
import { createProgram } from "./program.ts";

/** Milliseconds that what is still open has to close by itself once a command is done. */
const LINGER_MS = 5000;

/** Runs the command line: every error of every command ends here, in one line and an exit code. */
export async function main(args: readonly string[]): Promise<void> {
  // The reader of a pipe went away (`concordat task list | head -1`): there is nobody to write to.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? ExitCode.Ok : ExitCode.Failure);
  });
  try {
    await createProgram().parseAsync(args, { from: "user" });
    // Everything is done; a connection whose peer has vanished must not keep the process for ever.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  } catch (error) {
    const { code, text } = judge(error);
    if (text !== "") process.stderr.write(`${text}\n`);
    // Work that the error left behind must not keep the process alive.
    process.exit(code);
  }
}
