import { stringify } from "csv-stringify/sync";
import type { Check, CheckKind } from "./checks.ts";

/** How checks of one kind went. */
export interface KindCount {
  readonly agree: number;
  readonly disagree: number;
  /** Facts that could be read but not derived again. */
  readonly notRecomputed: number;
}

/** What an audit found. */
export interface AuditReport {
  readonly format: "concordat/audit/1";
  readonly chainId: string;
  readonly fromBlock: number;
  readonly toBlock: number;
  /** The audited task, undefined for all. */
  readonly taskId: number | undefined;
  readonly events: number;
  /** Whether no check disagrees. */
  readonly agrees: boolean;
  readonly counts: Readonly<Partial<Record<CheckKind, KindCount>>>;
  readonly firstDisagreement: Check | undefined;
  /** All checks in the chain's order; only disagreements where the audit was asked to keep no others. */
  readonly checks: readonly Check[];
}

/** The report as JSON. */
export function reportJson(report: AuditReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

const COLUMNS = [
  "kind",
  "taskId",
  "round",
  "subject",
  "recomputed",
  "agrees",
  "expected",
  "found",
  "block",
  "transaction",
] as const satisfies readonly (keyof Check)[];

/** One line per check, for spreadsheets: values that a spreadsheet would take for a formula are quoted. */
export function reportCsv(report: AuditReport): string {
  return stringify([...report.checks], {
    header: true,
    columns: [...COLUMNS],
    escape_formulas: true,
    cast: { boolean: String },
  });
}

/** What a person reads first: the verdict, the counts by kind, the first disagreement. */
export function reportSummary(report: AuditReport): string {
  const kinds = Object.entries(report.counts).toSorted(([a], [b]) => a.localeCompare(b));
  const width = Math.max(0, ...kinds.map(([kind]) => kind.length));
  const total = kinds.reduce((sum, [, { agree, disagree }]) => sum + agree + disagree, 0);
  const disagreements = kinds.reduce((sum, [, { disagree }]) => sum + disagree, 0);
  const lines = [
    `Chain ${report.chainId}, blocks ${report.fromBlock} to ${report.toBlock}: ${report.events} events, ${total} facts recomputed`,
    ...kinds.map(([kind, count]) => {
      const verdict = count.disagree === 0 ? "agrees" : `${count.disagree} DISAGREE`;
      const unread = count.notRecomputed === 0 ? "" : `, ${count.notRecomputed} not recomputed`;
      return `  ${kind.padEnd(width)}  ${count.agree + count.disagree} checked, ${verdict}${unread}`;
    }),
  ];
  const first = report.firstDisagreement;
  if (first === undefined) return [...lines, "Everything agrees", ""].join("\n");
  const where = [
    first.taskId === undefined ? undefined : `task ${first.taskId}`,
    first.round === undefined ? undefined : `round ${first.round}`,
    first.subject,
  ].filter((part) => part !== undefined);
  return [
    ...lines,
    `${disagreements} disagreements, the first at block ${first.block ?? "none"}: ${first.kind}, ${where.join(", ")}`,
    `  expected ${first.expected}`,
    `  found    ${first.found}`,
    "",
  ].join("\n");
}
