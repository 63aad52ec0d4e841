import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { calibratedNoise, guaranteeOf, type Guarantee } from "@concordat/learning/privacy/taskPrivacy";
import type { PrivacyRequest } from "./draftPrivacy.ts";

/** The terms with their noise, and what they promise a node. */
export interface PrivacyAnswer {
  readonly terms: PrivacyTerms;
  /** Undefined where the task asks for no privacy. */
  readonly guarantee: Guarantee | undefined;
}

/** Finds the noise that a budget asks for, and what the terms come to. Takes seconds. @throws {InputError} when no noise does. */
export function accountPrivacy(request: PrivacyRequest): PrivacyAnswer {
  const terms = privacyTerms(request);
  const { dataset, training, rounds, records } = request;
  return { terms, guarantee: guaranteeOf({ privacy: terms, dataset, training }, rounds, records) };
}

/** The terms as the manifest holds them. @throws {InputError} when no noise keeps within the budget. */
export function privacyTerms({ terms, budget, rounds, training, records }: PrivacyRequest): PrivacyTerms {
  if (budget === undefined || (terms.kind !== "dp-sgd" && terms.kind !== "gaussian-update")) return terms;
  const { kind, delta } = terms;
  const plan = { rounds, training };
  return { ...terms, noiseMultiplier: calibratedNoise(kind, { epsilon: budget, delta }, plan, records) };
}
