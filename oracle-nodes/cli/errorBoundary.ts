import { CommanderError } from "commander";
import { ArtifactError, ConcordatError, InputError } from "@concordat/protocol/errors";
import { printable } from "@concordat/protocol/words/printable";
import { ExitCode } from "@concordat/console/exitCode";
import { InterruptedError } from "@concordat/console/interruptedError";

/** What an error means to the shell, and what its user reads. */
export interface Verdict {
  readonly code: ExitCode;
  /** Empty where everything was said already. */
  readonly text: string;
}

/**
 * Sorts an error: what its user did is one line with the way out, what we did is a stack and a request to report it.
 * commander prints its own errors before it throws them.
 */
export function judge(error: unknown): Verdict {
  if (error instanceof InterruptedError) return { code: ExitCode.Interrupted, text: "" };
  if (error instanceof CommanderError) {
    return { code: error.exitCode === 0 ? ExitCode.Ok : ExitCode.BadInput, text: "" };
  }
  if (error instanceof InputError || error instanceof ArtifactError) {
    return { code: ExitCode.BadInput, text: `concordat: ${oneLine(error.oneLine)}` };
  }
  if (error instanceof ConcordatError) {
    return { code: ExitCode.Failure, text: `concordat: ${oneLine(error.oneLine)}` };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: ExitCode.Failure,
    text: `${stack}\nconcordat: this is a bug in Concordat. Please report it with the lines above`,
  };
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, " "), Infinity);
}
