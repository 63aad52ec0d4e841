import { ScoreKind } from "../contracts/enums.ts";
import type { TaskTerms } from "./taskTerms.ts";
import { CONTRACT_TERMS } from "./contractTerms.ts";
import type { ContractTermName } from "./contractTerms.ts";
import { MANIFEST_TERMS } from "./manifestTerms.ts";
import type { Term, TermGroup } from "./term.ts";

/** How a surface says values: in its reader's language and zone, with the tokens that it knows. */
export interface TermFormat {
  readonly number: (value: number) => string;
  /** Seconds. */
  readonly duration: (seconds: number) => string;
  /** Unix seconds. */
  readonly moment: (unixSeconds: number) => string;
  /** Basis points, as a percentage and as a ratio. */
  readonly percent: (bps: number) => string;
  readonly ratio: (bps: number) => string;
  readonly bytes: (length: number) => string;
  /** In the token's smallest unit. */
  readonly amount: (value: bigint, token: "rewardToken" | "stakeToken") => string;
}

/** A term of a task as people read it. */
export interface TermRow {
  readonly name: ContractTermName;
  readonly group: TermGroup;
  readonly label: string;
  /** In words; digests and accounts as they are. */
  readonly value: string;
  readonly kind: Term["kind"];
  /** What the term does. */
  readonly sentence: string;
}

/** The terms of a task in words, each once, in the order in which people are asked; without those that do not matter in it. */
export function termRows(terms: TaskTerms, format: TermFormat): readonly TermRow[] {
  return Object.entries<Term>(CONTRACT_TERMS).flatMap(([key, term]) => {
    const name = key as ContractTermName;
    const { group, kind, sentence, onlyWith } = term;
    if (onlyWith !== undefined && !terms[onlyWith as ContractTermName]) return [];
    const label = labelIn(terms, name).replace(/ \(address\)$/, "");
    return [{ name, group, kind, sentence, label, value: valueWords(terms, name, format) }];
  });
}

/** A task that predicts a number ends at an error, not at an accuracy. */
function labelIn({ scoreKind }: TaskTerms, name: ContractTermName): string {
  return name === "targetScore" && scoreKind === ScoreKind.Error
    ? MANIFEST_TERMS.targetError.label
    : CONTRACT_TERMS[name].label;
}

function valueWords(terms: TaskTerms, name: ContractTermName, format: TermFormat): string {
  const term = CONTRACT_TERMS[name] as Term;
  const value = terms[name];
  if ("zero" in term && term.zero !== undefined && !value) return term.zero;
  switch (term.kind) {
    case "count":
    case "number":
      return format.number(Number(value));
    case "seconds":
      return format.duration(Number(value));
    case "moment":
      return format.moment(Number(value));
    case "ratio":
      if (term.of !== undefined) return `${format.percent(Number(value))} of ${term.of}`;
      return format.ratio(Number(value));
    case "score":
      return terms.scoreKind === ScoreKind.Accuracy
        ? format.percent(Number(value))
        : format.number(Number(value));
    case "bytes":
      return format.bytes(Number(value));
    case "amount":
      return format.amount(BigInt(value), term.token);
    case "flag":
      return value === true ? "yes" : "no";
    case "choice":
      return Object.values(term.choices).find(({ id }) => id === value)?.words ?? `unknown (${value})`;
    case "account":
    case "digest":
    case "text":
      return String(value);
  }
}
