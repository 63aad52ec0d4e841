import { writeFile } from "node:fs/promises";
import { ConcordatError } from "@concordat/protocol/errors";
import { toJson } from "@concordat/console/output";
import type { DemoOptions } from "./demoOptions.ts";
import type { DemoReport } from "./report.ts";

/** Writes all results with what they depend on. @throws {ConcordatError} when the file cannot be written. */
export async function writeResults(
  file: string,
  options: DemoOptions,
  report: DemoReport,
  partitionDigest: string,
): Promise<void> {
  const value = {
    format: "concordat/demo/1",
    node: process.version,
    options,
    partition: partitionDigest,
    ...report,
    rounds: report.rounds.map(({ updates, ...round }) => ({
      ...round,
      updates: Object.fromEntries(updates),
    })),
  };
  try {
    await writeFile(file, `${toJson(value, 2)}\n`);
  } catch (cause) {
    throw new ConcordatError(`The results cannot be written to ${file}`, {
      hint: "Choose another with --json",
      cause,
    });
  }
}
