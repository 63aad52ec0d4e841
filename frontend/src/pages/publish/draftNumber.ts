import { readTerm } from "../../../../protocol/terms/readTerm.ts";
import type { NumericTerm } from "../../../../protocol/terms/term.ts";
import { TERMS } from "../../../../protocol/terms/terms.ts";
import type { TermsOfKind } from "../../../../protocol/terms/terms.ts";
import type { Draft, FieldTerm } from "./draft.ts";

export type NumericField = FieldTerm & TermsOfKind<NumericTerm["kind"]>;

/** A term of a draft in its unit; not a number where the field has a fault. */
export function draftNumber(draft: Draft, name: NumericField): number {
  return readTerm(TERMS[name], draft[name]).value ?? NaN;
}
