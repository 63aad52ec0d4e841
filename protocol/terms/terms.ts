import { CONTRACT_TERMS } from "./contractTerms.ts";
import { MANIFEST_TERMS } from "./manifestTerms.ts";
import type { Term } from "./term.ts";

/** All terms: those of the contract, then those of the manifest. */
export const TERMS = { ...CONTRACT_TERMS, ...MANIFEST_TERMS };

export type TermName = keyof typeof TERMS;

/** The names of the terms of one kind. */
export type TermsOfKind<Kind extends Term["kind"]> = {
  [Name in TermName]: (typeof TERMS)[Name]["kind"] extends Kind ? Name : never;
}[TermName];

/** The name of a choice, as options and drafts have it. */
export type ChoiceOf<Name extends TermsOfKind<"choice">> = keyof (typeof TERMS)[Name]["choices"] & string;

/** What the table says of a term. */
export function termOf(name: TermName): Term {
  return TERMS[name];
}

/** The names of all terms, in the order in which people are asked. */
export const TERM_NAMES = Object.keys(TERMS) as readonly TermName[];

/** The names of the choices of a term. */
export function choicesOf<Name extends TermsOfKind<"choice">>(name: Name): readonly ChoiceOf<Name>[] {
  return Object.keys(TERMS[name].choices) as ChoiceOf<Name>[];
}
