import type { AggregationRuleName } from "#protocol/rules/aggregationRule";
import type { Update } from "#learning/aggregation/rule";
import { flat } from "./updates.ts";

/** The rules of DESIGN.md section 8 written down plainly: values of the aggregate and the rejected members. */
export function reference(
  rule: AggregationRuleName,
  updates: readonly Update[],
  f: number,
): { values: number[]; rejected: number[] } {
  const ordered = updates.toSorted((a, b) => a.memberId - b.memberId);
  const models = ordered.map(({ tensors }) => flat(tensors));
  switch (rule) {
    case "fedavg":
      return { values: weighted(ordered), rejected: [] };
    case "median":
      return { values: columns(models).map((column) => middle(column.toSorted(byValue))), rejected: [] };
    case "trimmedMean":
      return {
        values: columns(models).map((column) => mean(column.toSorted(byValue).slice(f, column.length - f))),
        rejected: [],
      };
    case "krum":
    case "multiKrum": {
      const scores = models.map((a, i) =>
        models
          .filter((_, j) => j !== i)
          .map((b) => squaredDistance(a, b))
          .toSorted((x, y) => x - y)
          .slice(0, models.length - f - 2)
          .reduce((sum, d) => sum + d, 0),
      );
      const ranking = models
        .map((_, i) => i)
        .toSorted((i, j) => (scores[i] ?? NaN) - (scores[j] ?? NaN) || i - j);
      const kept = ranking.slice(0, ranking.length - f);
      const best = models[ranking[0] ?? -1] ?? [];
      return {
        values: rule === "krum" ? best : weighted(ordered.filter((_, i) => kept.includes(i))),
        rejected: ordered.filter((_, i) => !kept.includes(i)).map(({ memberId }) => memberId),
      };
    }
  }
}

function columns(models: readonly (readonly number[])[]): number[][] {
  return (models[0] ?? []).map((_, i) => models.map((model) => model[i] ?? NaN));
}

/** -0 before +0. */
function byValue(a: number, b: number): number {
  return a - b || Number(Object.is(b, -0)) - Number(Object.is(a, -0));
}

function middle(sorted: readonly number[]): number {
  const at = (i: number): number => sorted[i] ?? NaN;
  const n = sorted.length;
  return n % 2 === 1 ? at((n - 1) / 2) : Math.fround((at(n / 2 - 1) + at(n / 2)) / 2);
}

function mean(values: readonly number[]): number {
  return Math.fround(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function weighted(updates: readonly Update[]): number[] {
  const total = updates.reduce((sum, { samples }) => sum + samples, 0);
  const models = updates.map(({ tensors }) => flat(tensors));
  return columns(models).map((column) =>
    Math.fround(column.reduce((sum, value, k) => sum + (updates[k]?.samples ?? NaN) * value, 0) / total),
  );
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? NaN)) * (value - (b[i] ?? NaN)), 0);
}
