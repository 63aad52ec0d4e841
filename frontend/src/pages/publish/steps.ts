import { CONTRACT_TERMS } from "@concordat/protocol/terms/contractTerms";
import { TERM_GROUPS } from "@concordat/protocol/terms/groups";
import type { Term, TermGroup } from "@concordat/protocol/terms/term";
import { termOf } from "@concordat/protocol/terms/terms";
import { FIELD_TERMS } from "./draft.ts";
import type { Draft, FieldTerm } from "./draft.ts";

function fieldsOf(...groups: readonly TermGroup[]): readonly FieldTerm[] {
  return FIELD_TERMS.filter((name) => groups.includes(termOf(name).group));
}

type Step = readonly [title: string, fields: readonly (keyof Draft)[]];

/** The wizard's steps and their fields, so that a fault can be shown where it is corrected. */
export const STEPS: readonly [Step, Step, Step, Step, Step, Step] = [
  [
    TERM_GROUPS.model,
    [...fieldsOf("model"), "position", "height", "width", "channels", "classNames", "table", "model"],
  ],
  [TERM_GROUPS.training, fieldsOf("training", "clock")],
  [TERM_GROUPS.negotiation, fieldsOf("negotiation")],
  [TERM_GROUPS.committee, fieldsOf("committee")],
  [TERM_GROUPS.privacy, [...fieldsOf("privacy"), "noiseBy"]],
  [TERM_GROUPS.reward, fieldsOf("reward")],
];

/** The step in which each of the contract's errors can be corrected: that of the first term which it is about. */
export const FAULT_STEPS: Readonly<Record<string, number>> = {
  // The model decides how large artifacts are.
  InvalidMaxArtifactBytes: 0,
  ...Object.fromEntries(
    Object.entries<Term>(CONTRACT_TERMS).flatMap(([name, { errors = [] }]) => {
      const step = STEPS.findIndex(([, fields]) => (fields as readonly string[]).includes(name));
      return step < 0 ? [] : errors.map((error) => [error, step]);
    }),
  ),
};
