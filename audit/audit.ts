import { auditEndpoints } from "./reading/auditEndpoints.ts";
import type { AuditOptions, AuditScope } from "./auditOptions.ts";
import { AuditRun } from "./auditRun.ts";
import type { ChainSource } from "./reading/chainSource.ts";
import { readEvents } from "./reading/eventLog.ts";
import type { AuditReport } from "./report.ts";

export type { AuditOptions, AuditProgress, AuditScope } from "./auditOptions.ts";

/**
 * Replays all events of a deployment, derives every decision again, and compares events, recomputation and the contracts'
 * final state with each other. Needs no key and trusts no node of the federation, only the chain's blocks.
 *
 * @example
 * const report = await audit({ chain: { source: chainSource(request) }, addressBook });
 * if (!report.agrees) console.log(report.firstDisagreement);
 */
export async function audit({ chain, ...scope }: AuditOptions): Promise<AuditReport> {
  return "source" in chain ? auditSource(chain.source, scope) : auditEndpoints(chain, scope);
}

async function auditSource(source: ChainSource, scope: AuditScope): Promise<AuditReport> {
  const toBlock = scope.toBlock ?? (await source.latestBlock());
  const run = await AuditRun.begin(source, scope, toBlock);
  await run.replay(readEvents(source, scope.addressBook, toBlock), toBlock);
  await run.compareState(toBlock);
  return run.report(toBlock);
}
