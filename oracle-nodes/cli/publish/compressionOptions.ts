import type { Command } from "commander";
import { compressionOf, type CompressionTerms } from "@concordat/protocol/manifest/compressionTerms";
import { InputError } from "@concordat/protocol/errors";
import type { ChoiceOf } from "@concordat/protocol/terms/terms";
import { addTerms } from "./termOption.ts";

export interface CompressionOptions {
  readonly compression: ChoiceOf<"compression">;
  readonly keepBps?: number;
}

/** Adds the options that say how updates are made smaller. */
export function compressionOptions(command: Command): Command {
  return addTerms(command, ["compression", "keepBps"]);
}

/** @throws {InputError} when a share is given that nothing is kept by. */
export function compressionTerms({ compression: kind, keepBps }: CompressionOptions): CompressionTerms {
  if (keepBps !== undefined && (kind === "none" || kind === "quantised")) {
    throw new InputError(`--keep has no effect with --compression ${kind}`, {
      hint: "Leave it out, or choose --compression top-k or top-k-quantised",
    });
  }
  return compressionOf(kind, keepBps);
}
