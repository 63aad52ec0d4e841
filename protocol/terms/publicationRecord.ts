import type { TaskTerms } from "./taskTerms.ts";

/**
 * What is remembered of a publication, from just before it is sent on: a publication whose answer was lost is found again
 * by it, with the very terms that were sent, and never made a second time.
 */
export interface PublicationRecord {
  readonly chainId: number;
  readonly taskRegistry: string;
  readonly publisher: string;
  readonly tasksBefore: number;
  readonly terms: TaskTerms;
  readonly task?: number;
}
