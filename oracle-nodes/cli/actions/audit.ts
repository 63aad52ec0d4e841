import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditScope } from "@concordat/audit/auditOptions";
import { auditRpc } from "@concordat/audit/reading/auditRpc";
import { reportCsv, reportJson, reportSummary } from "@concordat/audit/report";
import type { AuditReport } from "@concordat/audit/report";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { createHeliaStore } from "@concordat/store/helia/heliaStore";
import { auditModels } from "@concordat/audit/recompute/auditModels";
import { ExitCode } from "@concordat/console/exitCode";
import { orInterrupted, untilInterrupted } from "@concordat/console/interruption";
import { openReader } from "../openChain.ts";
import { note } from "@concordat/console/output";

export interface AuditCommandOptions {
  readonly rpc: readonly string[];
  readonly addressBook: string;
  readonly task?: number;
  readonly artifacts?: true;
  /** Whether it is no failure that something could not be recomputed. */
  readonly allowMissing?: true;
  readonly json?: true;
  readonly csv?: string;
}

/** `concordat audit`. Exit code 1 where anything disagrees, 3 where nothing does but something could not be recomputed. */
export async function runAudit(options: AuditCommandOptions): Promise<void> {
  const chain = await openReader(options);
  const { book } = chain;
  const taskCount = Number(await chain.contracts.taskRegistry.taskCount());
  await chain.close();
  if (options.task !== undefined && options.task > taskCount) {
    throw new InputError(`There is no task ${options.task}`, {
      hint: `Give a number from 1 to ${taskCount}`,
    });
  }
  const signal = untilInterrupted();
  const report = options.artifacts
    ? await auditWithArtifacts(options, book, signal)
    : await orInterrupted(auditChain(options, book), signal);
  if (options.csv !== undefined) await writeCsv(options.csv, report);
  process.stdout.write(options.json ? reportJson(report) : reportSummary(report));
  if (!report.agrees) process.exitCode = ExitCode.Failure;
  else if (report.missing.length > 0 && options.allowMissing !== true) process.exitCode = ExitCode.Incomplete;
}

async function auditChain(
  { rpc, task }: AuditCommandOptions,
  addressBook: AddressBook,
  more: Pick<AuditScope, "models"> = {},
): Promise<AuditReport> {
  return auditRpc({
    rpcUrl: rpc,
    chainId: addressBook.chainId,
    addressBook,
    ...(task !== undefined && { taskId: task }),
    ...more,
    onRestart: () => note("The chain's endpoint contradicts itself; reading again"),
  });
}

/** Fetches into a folder of its own, which vanishes afterwards. */
async function auditWithArtifacts(
  options: AuditCommandOptions,
  book: AddressBook,
  signal: AbortSignal,
): Promise<AuditReport> {
  const dir = await mkdtemp(join(tmpdir(), "concordat-audit-"));
  try {
    const store = await createHeliaStore({ dir });
    try {
      note("Fetching the rounds' models; how long this takes depends on the nodes' network");
      return await orInterrupted(auditChain(options, book, { models: auditModels(store, signal) }), signal);
    } finally {
      await store.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeCsv(file: string, report: AuditReport): Promise<void> {
  try {
    await writeFile(file, reportCsv(report));
  } catch (cause) {
    throw new ConcordatError(`The file ${file} cannot be written`, {
      hint: "Choose another with --csv",
      cause,
    });
  }
}
