/** Least number of results that count as a quorum: ceil(quorumBps * activeCount / 10,000) of the active set. */
export function quorumOf(quorumBps: number, activeCount: number): number {
  return Math.ceil((quorumBps * activeCount) / 10_000);
}
