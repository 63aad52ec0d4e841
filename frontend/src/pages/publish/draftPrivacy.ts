import { normalisesItself, type DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { ConcordatError } from "@concordat/protocol/errors";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { checkPrivacy, privacySchema, type PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import type { Topology } from "@concordat/learning/models/models";
import { draftTraining } from "./draftContent.ts";
import type { Draft, DraftFaults, FieldTerm } from "./draft.ts";
import { inSentences } from "./draftModel.ts";
import { readNumber } from "./readNumber.ts";

/** What the accountant is asked: the terms as far as they are named, and the budget that finds the noise. */
export interface PrivacyRequest {
  readonly terms: PrivacyTerms;
  /** Epsilon of the whole task; undefined where the publisher names the noise. */
  readonly budget: number | undefined;
  readonly dataset: DatasetTerms;
  readonly training: TaskManifest["training"];
  readonly rounds: number;
  /** Training records of the smallest node. */
  readonly records: number;
}

/** Which of the fields each kind has. */
const FIELDS = {
  none: [],
  "dp-sgd": ["clip", "noiseMultiplier", "delta"],
  "gaussian-update": ["clip", "noiseMultiplier", "delta"],
  "laplace-gradient": ["clip", "epsilon", "delta"],
  "laplace-features": ["epsilon", "delta"],
} as const satisfies Record<PrivacyTerms["kind"], readonly FieldTerm[]>;

/** Whether a budget finds the noise. */
export function isByBudget({ privacy, noiseBy }: Draft): boolean {
  return noiseBy === "budget" && (privacy === "dp-sgd" || privacy === "gaussian-update");
}

/** The fields that a draft's kind of privacy asks for. */
export function privacyFields(draft: Draft): readonly FieldTerm[] {
  const fields: readonly FieldTerm[] = FIELDS[draft.privacy];
  return isByBudget(draft)
    ? fields.map((field) => (field === "noiseMultiplier" ? "epsilon" : field))
    : fields;
}

/** The question for the accountant that a draft without faults asks. */
export function privacyRequest(draft: Draft, dataset: DatasetTerms): PrivacyRequest {
  return {
    terms: namedTerms(draft) as PrivacyTerms,
    budget: isByBudget(draft) ? Number(draft.epsilon) : undefined,
    dataset,
    training: draftTraining(draft),
    rounds: Number(draft.rounds),
    records: Number(draft.records),
  };
}

/** What is wrong with a draft's privacy, for the reasons for which the command line refuses it. */
export function privacyFaults(draft: Draft, dataset: DatasetTerms, topology: Topology): DraftFaults {
  if (draft.privacy === "none") return {};
  const unread = privacyFields(draft).filter((field) => readNumber(draft[field]) === undefined);
  if (unread.length > 0)
    return Object.fromEntries(unread.map((field) => [field, "Give a number such as 0.5 or 1e-5"]));
  const terms = privacySchema.safeParse(namedTerms(draft));
  const budget = privacySchema.safeParse({
    kind: "laplace-features",
    epsilon: Number(draft.epsilon),
    delta: Number(draft.delta),
  });
  const issues = [...(terms.error?.issues ?? []), ...(isByBudget(draft) ? (budget.error?.issues ?? []) : [])];
  if (issues.length > 0) {
    // The first reason of each field is the plain one.
    return Object.fromEntries(
      issues.toReversed().map(({ path, message }) => [String(path[0]), sentence(message)]),
    );
  }
  if (Number(draft.records) > Number(draft.maxSamples)) {
    return { records: `At most ${draft.maxSamples} samples count for one node in this task` };
  }
  try {
    checkPrivacy(namedTerms(draft) as PrivacyTerms, {
      records: Number(draft.maxSamples),
      batchSize: Number(draft.batchSize),
      isFitted: normalisesItself(dataset),
      topology,
    });
    return {};
  } catch (error) {
    if (!(error instanceof ConcordatError)) throw error;
    return { [error.message.startsWith("A delta") ? "delta" : "privacy"]: inSentences(error) };
  }
}

/** The terms with the noise that the publisher names, or with one that passes where a budget is to find it. */
function namedTerms(draft: Draft): object {
  const { privacy: kind } = draft;
  const values = FIELDS[kind].map((field) => [
    field,
    field === "noiseMultiplier" && isByBudget(draft) ? 1 : Number(draft[field]),
  ]);
  return { kind, ...Object.fromEntries(values) };
}

/** The schema's messages begin with the field's name, which stands beside the field already. */
function sentence(message: string): string {
  const text = message.replace(/^\w+: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
