/** What a reader is told: one sentence, and a way on. */
export interface Explanation {
  readonly message: string;
  readonly hint: string;
}
