import { InputError } from "@concordat/protocol/errors";
import { validateTerms } from "@concordat/protocol/rules/validateTerms";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { TERM_ERROR_WORDS } from "@concordat/protocol/terms/termErrors";
import { termsFrom } from "@concordat/protocol/terms/termsSettings";
import type { TermsContracts, TermsFiles, TermsSettings } from "@concordat/protocol/terms/termsSettings";
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
