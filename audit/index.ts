/** What most users of the audit need; everything else has its own entry, such as `@concordat/audit/index/indexer`. */
export { audit, type AuditOptions, type AuditProgress, type AuditScope } from "./audit.ts";
export { chainSource, type ChainSource } from "./reading/chainSource.ts";
export { reportCsv, reportJson, reportSummary, type AuditReport } from "./report.ts";
export { auditModels } from "./recompute/auditModels.ts";
