import { stringify } from "csv-stringify/sync";
import type { Check, CheckKind } from "./checks.ts";
import { missingWords } from "./missingWords.ts";
import type { MissingFacts } from "./missingWords.ts";

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
  /** What could not be derived again since something was missing, by kind; empty where everything was there. */
  readonly missing: readonly MissingFacts[];
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

/** What a person reads first: the counts by kind, and as the last line the verdict. */
export function reportSummary(report: AuditReport): string {
  const kinds = Object.entries(report.counts).toSorted(([a], [b]) => a.localeCompare(b));
  const width = Math.max(0, ...kinds.map(([kind]) => kind.length));
  const total = kinds.reduce((sum, [, { agree, disagree }]) => sum + agree + disagree, 0);
  const disagreements = kinds.reduce((sum, [, { disagree }]) => sum + disagree, 0);
  const lines = [
    `Chain ${report.chainId}, blocks ${report.fromBlock} to ${report.toBlock}: ${report.events} events, ${total} facts recomputed`,
    ...kinds.map(([kind, count]) => `  ${kind.padEnd(width)}  ${kindLine(count)}`),
  ];
  const missing = missingLine(report);
  const first = report.firstDisagreement;
  if (first === undefined) return [...lines, verdict(report, missing), ""].join("\n");
  const where = [
    first.taskId === undefined ? undefined : `task ${first.taskId}`,
    first.round === undefined ? undefined : `round ${first.round}`,
    first.subject,
  ].filter((part) => part !== undefined);
  return [
    ...lines,
    ...(missing === undefined ? [] : [missing]),
    `${disagreements} disagreements, the first at block ${first.block ?? "none"}: ${first.kind}, ${where.join(", ")}`,
    `  expected ${first.expected}`,
    `  found    ${first.found}`,
    "",
  ].join("\n");
}

function kindLine({ agree, disagree, notRecomputed }: KindCount): string {
  if (agree + disagree === 0) return `none recomputed, ${notRecomputed} could only be read`;
  const outcome = disagree === 0 ? "agrees" : `${disagree} DISAGREE`;
  const unread = notRecomputed === 0 ? "" : `, ${notRecomputed} not recomputed`;
  return `${agree + disagree} checked, ${outcome}${unread}`;
}

/** The verdict where nothing disagrees: everything agrees only where everything was derived again. */
function verdict(report: AuditReport, missing: string | undefined): string {
  if (missing !== undefined) return `Nothing disagrees, but ${missing}`;
  const read = Object.values(report.counts).reduce((sum, { notRecomputed }) => sum + notRecomputed, 0);
  if (read === 0) return "Everything agrees";
  return `Nothing disagrees; ${read} ${read === 1 ? "fact" : "facts"} could only be read, since nothing else is on record`;
}

/** "68 of 68 aggregates could not be recomputed: node 3 serves nothing"; undefined where nothing was missing. */
function missingLine({ missing }: AuditReport): string | undefined {
  const words = missingWords(missing);
  return words.length === 0 ? undefined : words.join("; ");
}
