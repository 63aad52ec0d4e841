/**
 * Which opening of which round a result is about, and from which model it starts: what all signed results name. Numbers are
 * bigints where they come from a contract.
 */
export interface RoundRef {
  readonly taskId: number | bigint;
  readonly round: number | bigint;
  /** Void openings of the round before this one. */
  readonly retry: number | bigint;
  /** Digest of w_G^{t-1}. */
  readonly base: string;
}
