import { readTerm } from "@concordat/protocol/terms/readTerm";
import type { NumericTerm } from "@concordat/protocol/terms/term";
import { TERMS } from "@concordat/protocol/terms/terms";
import type { TermsOfKind } from "@concordat/protocol/terms/terms";
import type { Draft, FieldTerm } from "./draft.ts";

export type NumericField = FieldTerm & TermsOfKind<NumericTerm["kind"]>;

/** A term of a draft in its unit; not a number where the field has a fault. */
export function draftNumber(draft: Draft, name: NumericField): number {
  return readTerm(TERMS[name], draft[name]).value ?? NaN;
}
