import { InputError } from "../../../../protocol/errors.ts";
import { validateTerms } from "../../../../protocol/rules/validateTerms.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { TERM_ERROR_WORDS } from "../../../../protocol/terms/termErrors.ts";
import { termsFrom } from "../../../../protocol/termsSettings.ts";
import type { TermsContracts, TermsFiles, TermsSettings } from "../../../../protocol/termsSettings.ts";
import { flagsAbout } from "./termOption.ts";

/**
 * Puts a publisher's settings into the terms that the contract takes.
 * @param now The chain's time in unix seconds.
 * @throws {InputError} naming the options that contradict each other, before anything is sent.
 */
export function buildTerms(
  settings: TermsSettings,
  files: TermsFiles,
  contracts: TermsContracts,
  now: number,
): TaskTerms {
  const terms = termsFrom(settings, files, contracts, now);
  const fault = validateTerms(terms, { now });
  if (fault === undefined) return terms;
  const { error, args } = fault;
  const sentence = TERM_ERROR_WORDS[error]?.(args) ?? error;
  const flags = flagsAbout(error);
  throw new InputError(sentence.replace(/\.$/, ""), {
    facts: { error },
    ...(flags !== undefined && { hint: `Correct ${flags}` }),
  });
}
