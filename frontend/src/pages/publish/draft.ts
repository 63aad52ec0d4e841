import { SENSOR_POSITIONS } from "@concordat/protocol/manifest/datasetTerms";
import { TERM_NAMES, choicesOf, termOf } from "@concordat/protocol/terms/terms";
import type { ChoiceOf, TERMS, TermName, TermsOfKind } from "@concordat/protocol/terms/terms";
import { MODEL_NAMES } from "@concordat/learning/models/models";
import { EMPTY_TABLE } from "./tableDraft.ts";

/** The terms for which the wizard has a field; a draft holds each by its name, as it would be typed after an option. */
export type FieldTerm = {
  [Name in TermName]: (typeof TERMS)[Name] extends { readonly field: object } ? Name : never;
}[TermName];
export type ChoiceTermName = FieldTerm & TermsOfKind<"choice">;
export type FlagTermName = FieldTerm & TermsOfKind<"flag">;
export type TextTermName = Exclude<FieldTerm, ChoiceTermName | FlagTermName>;

/** What the fields with a choice may hold that are no term of their own; the first is chosen where nothing else is said. */
export const OWN_CHOICES = {
  position: SENSOR_POSITIONS,
  /** Channels of a picture. */
  channels: ["3", "1"],
  /** A built-in model, or the file whose text is in `topology`. */
  model: [...MODEL_NAMES, "file"],
  /** Whether the publisher names the noise, or the budget that finds it. */
  noiseBy: ["noise", "budget"],
} as const;
type OwnChoiceName = keyof typeof OWN_CHOICES;

/** What is typed, and is no term of its own. */
const OWN_TEXTS = {
  /** Pixels. */
  height: "32",
  width: "32",
  /** One a line. */
  classNames: "",
  /** A `TableDraft` in JSON. */
  table: EMPTY_TABLE,
  /** Text of a file of Keras JSON, and its name. */
  topology: "",
  topologyName: "",
} as const;

export type TextName = TextTermName | keyof typeof OWN_TEXTS;
export type ChoiceName = ChoiceTermName | OwnChoiceName;

/** A publication that is not sent yet, as the wizard's fields hold it. */
export type Draft = { readonly [Name in ChoiceTermName]: ChoiceOf<Name> } & {
  readonly [Name in FlagTermName]: "no" | "yes";
} & { readonly [Name in OwnChoiceName]: (typeof OWN_CHOICES)[Name][number] } & {
  readonly [Name in TextName]: string;
};

/** The terms that stand in a draft, in the order in which people are asked. */
export const FIELD_TERMS = TERM_NAMES.filter((name) => termOf(name).field !== undefined) as FieldTerm[];

/** What a field with a choice may hold; undefined for one that is typed. */
export function choicesIn(name: keyof Draft): readonly string[] | undefined {
  if (Object.hasOwn(OWN_CHOICES, name)) return OWN_CHOICES[name as OwnChoiceName];
  if (Object.hasOwn(OWN_TEXTS, name)) return undefined;
  const { kind } = termOf(name as FieldTerm);
  if (kind === "flag") return ["no", "yes"];
  return kind === "choice" ? choicesOf(name as ChoiceTermName) : undefined;
}

/** A draft that makes sense as it stands: the built-in digits, four nodes, five short rounds. */
export const NEW_DRAFT = {
  ...Object.fromEntries(FIELD_TERMS.map((name) => [name, termOf(name).field?.byDefault ?? ""])),
  ...Object.fromEntries(Object.entries(OWN_CHOICES).map(([name, [first]]) => [name, first])),
  ...OWN_TEXTS,
} as Draft;

/**
 * A draft that was stored, perhaps by an older or a newer page: what is not known any more is left out, and what was not
 * known then is as in a new one.
 */
export function parseDraft(stored: string): Draft {
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    return NEW_DRAFT;
  }
  if (typeof value !== "object" || value === null) return NEW_DRAFT;
  const known = Object.entries(value).filter(
    ([name, text]) => typeof text === "string" && Object.hasOwn(NEW_DRAFT, name) && canHold(name, text),
  );
  return { ...NEW_DRAFT, ...Object.fromEntries(known) };
}

function canHold(name: string, text: string): boolean {
  return choicesIn(name as keyof Draft)?.includes(text) ?? true;
}

/** Fields that hold no usable value, each with a sentence. */
export type DraftFaults = Partial<Record<keyof Draft, string>>;
