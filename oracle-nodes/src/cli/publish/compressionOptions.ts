import type { Command } from "commander";
import { Option } from "commander";
import { compressionOf, type CompressionTerms } from "../../../../protocol/compressionTerms.ts";
import { InputError } from "../../../../protocol/errors.ts";
import type { Bps } from "../../../../protocol/ids.ts";
import { share } from "../parsers.ts";

const KINDS: readonly CompressionTerms["kind"][] = ["none", "top-k", "quantised", "top-k-quantised"];

export interface CompressionOptions {
  readonly compression: CompressionTerms["kind"];
  readonly keep?: Bps;
}

/** Adds the options that say how updates are made smaller. */
export function compressionOptions(command: Command): Command {
  return command
    .addOption(compressionOption())
    .option("--keep <SHARE>", "share of the weights that top-k keeps, like 1% (default: 1%)", share);
}

/** The kind alone, with which top-k keeps 1 %. */
export function compressionOption(): Option {
  const text = "how updates are made smaller: their greatest changes, 8-bit values, or both";
  return new Option("--compression <KIND>", text).choices(KINDS).default("none");
}

/** @throws {InputError} when a share is given that nothing is kept by. */
export function compressionTerms({ compression: kind, keep }: CompressionOptions): CompressionTerms {
  if (keep !== undefined && (kind === "none" || kind === "quantised")) {
    throw new InputError(`--keep says nothing with --compression ${kind}`, {
      hint: "Leave it out, or choose --compression top-k or top-k-quantised",
    });
  }
  return compressionOf(kind, keep);
}
