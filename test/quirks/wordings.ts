import { ACCESS, BEHIND, FAILURES, INDEXING, PRUNED } from "./availabilityWordings.ts";
import { EXECUTIONS } from "./executionWordings.ts";
import { BATCHES, RATES, TOO_LARGE } from "./limitWordings.ts";
import { SENDS } from "./sendWordings.ts";
import type { Wording } from "./wording.ts";

export type { AnswerClass, Wording } from "./wording.ts";

/** Errors as clients and gateways really word them, and what each means. */
export const WORDINGS: readonly Wording[] = [
  ...EXECUTIONS,
  ...RATES,
  ...FAILURES,
  ...BEHIND,
  ...PRUNED,
  ...TOO_LARGE,
  ...INDEXING,
  ...BATCHES,
  ...ACCESS,
  ...SENDS,
];
