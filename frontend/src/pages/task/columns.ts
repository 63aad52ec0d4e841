import type { ReportRecord } from "@concordat/protocol/history/federationState";

/** For each candidate the mean of the nodes' scores, its variance (over n), and the square root of that. */
export function columnsOf(
  rows: readonly ReportRecord[],
  steps: number,
): { means: readonly number[]; variances: readonly number[]; deviations: readonly number[] } {
  const n = Math.max(1, rows.length);
  const columns = Array.from({ length: steps }, (_, index) => rows.map(({ scores }) => scores[index] ?? 0));
  const means = columns.map((scores) => scores.reduce((sum, score) => sum + score, 0) / n);
  const variances = columns.map((scores, index) => {
    const mean = means[index] ?? 0;
    return scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / n;
  });
  return { means, variances, deviations: variances.map(Math.sqrt) };
}
