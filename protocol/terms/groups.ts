import type { TermGroup } from "./term.ts";
import { TERM_NAMES, termOf } from "./terms.ts";
import type { TermName } from "./terms.ts";

/** The groups of terms, by what people call them, in the order in which they are asked. */
export const TERM_GROUPS = {
  model: "Model and data",
  training: "Training",
  clock: "Rounds and clock",
  negotiation: "Negotiation",
  committee: "Committee and robustness",
  privacy: "Privacy",
  reward: "Rewards and stake",
  contracts: "Files and contracts",
} as const satisfies Record<TermGroup, string>;

/** The terms of a group, in the order in which people are asked. */
export function termsOfGroup(group: TermGroup): readonly TermName[] {
  return TERM_NAMES.filter((name) => termOf(name).group === group);
}
