import { auditRpc } from "@concordat/audit/reading/auditRpc";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { auditModels } from "@concordat/audit/recompute/auditModels";
import type { AuditSummary } from "./report.ts";

/** Audits the demonstration's chain from events and artifacts. */
export async function selfAudit(
  rpcUrl: string,
  addressBook: AddressBook,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<AuditSummary> {
  const report = await auditRpc({
    rpcUrl,
    addressBook,
    models: auditModels(store, signal),
    keep: "disagreements",
  });
  const counts = Object.values(report.counts);
  const sum = (pick: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, count) => total + pick(count), 0);
  const models = report.counts["aggregate.model"];
  const aggregates = (models?.agree ?? 0) + (models?.disagree ?? 0);
  const first = report.firstDisagreement;
  return {
    decisions: sum(({ agree, disagree }) => agree + disagree) - aggregates,
    aggregates,
    notRecomputed: sum(({ notRecomputed }) => notRecomputed),
    disagreements: sum(({ disagree }) => disagree),
    first:
      first &&
      `${first.kind}, round ${first.round ?? "none"}, ${first.subject}: expected ${first.expected}, found ${first.found}`,
  };
}
