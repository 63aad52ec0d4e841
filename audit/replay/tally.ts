import type { AuditScope } from "../auditOptions.ts";
import type { Check, CheckKind, Lack } from "../checks.ts";
import type { KindCount } from "../report.ts";

/** Counts checks as they come, and keeps those that the report shows. */
export class Tally {
  readonly kept: Check[] = [];
  readonly counts: Partial<Record<CheckKind, KindCount>> = {};
  /** What was missing to derive facts again, one entry a fact. */
  readonly lacks: Partial<Record<CheckKind, Lack[]>> = {};
  firstDisagreement: Check | undefined;
  readonly #options: AuditScope;
  #checks = 0;
  #disagreements = 0;

  constructor(options: AuditScope) {
    this.#options = options;
  }

  get progress(): { readonly checks: number; readonly disagreements: number } {
    return { checks: this.#checks, disagreements: this.#disagreements };
  }

  add(check: Check): void {
    const { taskId: only, keep, onCheck } = this.#options;
    if (only !== undefined && check.taskId !== undefined && check.taskId !== only) return;
    const { agree, disagree, notRecomputed } = this.counts[check.kind] ?? ZERO;
    this.counts[check.kind] = {
      agree: agree + (check.recomputed && check.agrees ? 1 : 0),
      disagree: disagree + (check.agrees ? 0 : 1),
      notRecomputed: notRecomputed + (check.recomputed ? 0 : 1),
    };
    if (check.lack !== undefined) (this.lacks[check.kind] ??= []).push(check.lack);
    this.#checks++;
    if (!check.agrees) {
      this.#disagreements++;
      this.firstDisagreement ??= check;
    }
    if (keep !== "disagreements" || !check.agrees) this.kept.push(check);
    onCheck?.(check);
  }
}

const ZERO: KindCount = { agree: 0, disagree: 0, notRecomputed: 0 };
