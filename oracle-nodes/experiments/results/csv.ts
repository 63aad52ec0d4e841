import { stringify } from "csv-stringify/sync";
import { accuracies } from "./accuracy.ts";
import type { Results } from "./collect.ts";

/** The result tables as CSV by file name, tidy: one measurement a row. */
export function csvFiles(results: Results): Readonly<Record<string, string>> {
  return {
    "nodes.csv": csv(["scheme", "seed", "round", "node", "split", "correct", "total"], results.scores),
    "accuracy.csv": csv(
      ["scheme", "seed", "round", "split", "accuracy", "nodes"],
      accuracies(results).map((row) => ({ ...row, accuracy: Number(row.accuracy.toFixed(4)) })),
    ),
    "alphas.csv": csv(["scheme", "seed", "round", "node", "alpha"], results.alphas),
    "bytes.csv": csv(["scheme", "seed", "round", "up", "down"], results.bytes),
    "candidates.csv": csv(
      ["variant", "seed", "round", "node", "alpha", "validationBps", "correct", "total"],
      results.candidates,
    ),
    "diverged.csv": csv(
      ["scheme", "seed", "round", "node", "problem"],
      results.diverged.flatMap(({ schemes, ...run }) => schemes.map((scheme) => ({ scheme, ...run }))),
    ),
    "digests.csv": csv(["variant", "trajectory", "seed", "round", "digest"], results.digests),
  };
}

function csv(columns: readonly string[], rows: readonly object[]): string {
  return stringify([...rows], { header: true, columns: [...columns] });
}
