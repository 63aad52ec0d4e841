import { inputNote } from "@concordat/protocol/terms/inputNote";
import type { FieldUnit } from "@concordat/protocol/terms/term";
import { termOf } from "@concordat/protocol/terms/terms";
import type { TermName } from "@concordat/protocol/terms/terms";

/** How a draft writes the unit that a field does not take as typed. */
const SUFFIXES: Readonly<Record<FieldUnit, string>> = { minutes: "m", hours: "h", percent: "%" };

/** What a draft holds when this is typed into the field of a term: "1.5" in a field for minutes is "1.5m". */
export function typedText(name: TermName, text: string): string {
  const unit = termOf(name).field?.unit;
  return unit === undefined || text === "" ? text : `${text}${SUFFIXES[unit]}`;
}

/** What the field of a term shows of what a draft holds. */
export function shownText(name: TermName, text: string): string {
  const unit = termOf(name).field?.unit;
  return unit !== undefined && text.endsWith(SUFFIXES[unit]) ? text.slice(0, -SUFFIXES[unit].length) : text;
}

/** The label of a term's field, with the unit that it takes. */
export function fieldLabel(name: TermName): string {
  const term = termOf(name);
  const unit = term.field?.unit;
  if (unit === undefined) return term.label;
  if (unit !== "percent") return `${term.label}, ${unit}`;
  return `${term.label}, %${term.kind === "ratio" && term.of !== undefined ? ` of ${term.of}` : ""}`;
}

/** What is said beside a term's field: its sentence, what zero means, and what holds where it is left empty. */
export function fieldHint(name: TermName): string {
  const term = termOf(name);
  const share = term.field?.shareOfAggregation;
  const isEmpty =
    share === undefined ? "" : `Left empty: ${Math.round(share * 100)} % of the time to aggregate.`;
  return [term.sentence, inputNote(term), isEmpty].filter((words) => words !== "").join(" ");
}
