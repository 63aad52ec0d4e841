import type { Results } from "./collect.ts";
import { meanOf } from "./statistics.ts";

/** Mean accuracy in percent over the nodes of one seed, the unit of all statistics. */
export interface SeedAccuracy {
  readonly scheme: string;
  readonly seed: number;
  readonly round: number;
  readonly split: string;
  /** Percent. */
  readonly accuracy: number;
  readonly nodes: number;
}

/** The mean over the nodes of each scheme, seed, round and split, in the order of first appearance. */
export function accuracies({ scores }: Pick<Results, "scores">): readonly SeedAccuracy[] {
  const groups = new Map<string, { row: Omit<SeedAccuracy, "accuracy" | "nodes">; values: number[] }>();
  for (const { scheme, seed, round, split, correct, total } of scores) {
    const key = JSON.stringify([scheme, seed, round, split]);
    const group = groups.get(key) ?? { row: { scheme, seed, round, split }, values: [] };
    group.values.push((100 * correct) / total);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ row, values }) => ({
    ...row,
    accuracy: meanOf(values),
    nodes: values.length,
  }));
}

/** One scheme's accuracy on a split after a round, one value a seed, in the order of `seeds`. */
export function overSeeds(
  rows: readonly SeedAccuracy[],
  { scheme, round, split }: Pick<SeedAccuracy, "scheme" | "round" | "split">,
  seeds: readonly number[],
): readonly number[] {
  return seeds.flatMap((seed) => {
    const row = rows.find(
      (one) => one.seed === seed && one.round === round && one.scheme === scheme && one.split === split,
    );
    return row === undefined ? [] : [row.accuracy];
  });
}
