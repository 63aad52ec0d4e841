import type { Term } from "./term.ts";

/** What people must know to give a term, beside what it does; empty where the term says it all. */
export function inputNote(term: Term): string {
  return [
    ...(term.kind === "amount" ? ["In whole tokens."] : []),
    ...(term.kind === "moment" ? ["Counted from publication."] : []),
    ...("zero" in term && term.zero !== undefined ? [`0 for ${term.zero}.`] : []),
  ].join(" ");
}
