import { boundsWords } from "./boundsWords.ts";
import { CONTRACT_TERMS } from "./contractTerms.ts";
import type { ContractTermName } from "./contractTerms.ts";
import type { Term } from "./term.ts";

type Words = (args: readonly unknown[]) => string;

/** The terms that each of the contract's errors is about. */
export function termsOfError(error: string): readonly ContractTermName[] {
  return Object.entries<Term>(CONTRACT_TERMS).flatMap(([name, { errors = [] }]) =>
    errors.includes(error) ? [name as ContractTermName] : [],
  );
}

const { minNodes, timeLimit, aggregationSeconds, reputationMax } = CONTRACT_TERMS;

/** What holds between terms, by the error about it. */
const BETWEEN_TERMS: Readonly<Record<string, Words>> = {
  InvalidNodeBounds: ([min, max]) =>
    `The number of nodes must be ${boundsWords(minNodes)}, and ${String(min)} not above ${String(max)}.`,
  InvalidStakeToken: () => "A stake needs the contract of a token, and no stake needs none.",
  InvalidSlashing: () => "A stake needs a recipient for what is slashed.",
  InvalidTimeLimit: () =>
    `The time limit must lie in the future, ${boundsWords(timeLimit)} from publication.`,
  InvalidStartTime: () => "The task must start before its time limit.",
  InvalidAggregationSeconds: () =>
    `The time to aggregate must be longer than fetching and objecting together, and ${boundsWords(aggregationSeconds)}.`,
  InvalidSlotSeconds: () =>
    "The time before the next member may propose must be from 1 second to the time to aggregate.",
  ByzantineBoundTooHigh: ([f, guaranteed, required]) =>
    `To tolerate ${String(f)} faulty updates this rule needs ${String(required)}, but the quorum of the fewest nodes guarantees only ${String(guaranteed)}.`,
  InvalidAlphaBounds: () =>
    "The lowest alpha must be below the highest, which is at most 1; with a single candidate they may be equal.",
  InvalidMaxScore: () => "An accuracy’s greatest score is 100 %.",
  UnbondingTooShort: () => "The vault frees stake sooner than this task could be disputed: shorten the task.",
  InvalidTargetScore: () => "The target is above the greatest score.",
  InvalidReputation: () =>
    `The reputation at the start may not be above the greatest one, and that is ${boundsWords(reputationMax)}.`,
  InvalidRewardToken: () => "A reward needs the contract of a token.",
  EscrowTooLarge: () => "The rewards of this task would be larger than any token’s supply: lower the reward.",
};

/** Every error of the contract about terms in a sentence: from a term's record where that one alone is meant. */
export const TERM_ERROR_WORDS: Readonly<Record<string, Words>> = {
  ...Object.fromEntries(
    Object.values<Term>(CONTRACT_TERMS).flatMap((term) => {
      const words = ofOneTerm(term);
      return words === undefined ? [] : (term.errors ?? []).map((error) => [error, () => words]);
    }),
  ),
  ...BETWEEN_TERMS,
};

function ofOneTerm(term: Term): string | undefined {
  switch (term.kind) {
    case "account":
    case "digest":
      return `${term.label.replace(/ \(address\)$/, "")} is missing.`;
    case "bytes":
      return `${term.label} must be from ${term.least.toLocaleString("en")} to ${term.most.toLocaleString("en")} bytes.`;
    case "count":
    case "seconds":
    case "moment":
    case "ratio":
    case "score":
    case "number":
      return `${term.label} must be ${boundsWords(term)}.`;
    case "amount":
    case "choice":
    case "flag":
    case "text":
      return undefined;
  }
}
